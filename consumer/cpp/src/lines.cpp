#include "lines.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>

namespace alertwire {
namespace {

constexpr std::size_t kLinesMax = 20'000;
constexpr std::chrono::seconds kDrainTimeout{1};
constexpr int kPollMs = 100;
// A pipe that polls as writable takes so many bytes without waiting (pipe(7)).
constexpr std::size_t kBytesAtOnce = PIPE_BUF;

}  // namespace

Lines::Lines(int descriptor) : descriptor_(descriptor), thread_([this] { run(); }) {}

Lines::~Lines() {
    {
        const std::scoped_lock lock(mutex_);
        is_stopping_ = true;
        give_up_ = std::chrono::steady_clock::now() + kDrainTimeout;
    }
    changed_.notify_one();
    thread_.join();
}

void Lines::write(std::string line) {
    line += '\n';
    {
        const std::scoped_lock lock(mutex_);
        if (queue_.size() >= kLinesMax) {
            ++dropped_;
            return;
        }
        queue_.push_back(std::move(line));
    }
    changed_.notify_one();
}

void Lines::run() {
    while (true) {
        std::deque<std::string> taken;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
            if (queue_.empty()) {
                return;
            }
            taken.swap(queue_);
            if (dropped_ > 0) {
                taken.push_back(std::to_string(dropped_) +
                                " log lines dropped: nobody read them\n");
                dropped_ = 0;
            }
        }
        if (!std::ranges::all_of(taken, [this](const std::string& line) { return put(line); })) {
            return;
        }
    }
}

bool Lines::put(const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
        pollfd writable{descriptor_, POLLOUT, 0};
        if (::poll(&writable, 1, kPollMs) <= 0) {
            if (is_overdue()) {
                return false;
            }
            continue;
        }
        const std::size_t size = std::min(text.size() - done, kBytesAtOnce);
        const ssize_t written = ::write(descriptor_, text.data() + done, size);
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            return true;  // Nobody is there to read this line; the next one may be luckier.
        }
        done += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
    return true;
}

bool Lines::is_overdue() {
    const std::scoped_lock lock(mutex_);
    return is_stopping_ && std::chrono::steady_clock::now() >= give_up_;
}

}  // namespace alertwire
