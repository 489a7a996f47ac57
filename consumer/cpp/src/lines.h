// Lines on stderr, written by a thread of its own: an executor never waits for who reads its log.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace alertwire {

class Lines {
public:
    // Writes to this descriptor, which stays the caller's.
    explicit Lines(int descriptor);
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;
    // Waits a second at most for what is still queued.
    ~Lines();

    // Queues one line. Where nobody reads, lines are dropped and counted; memory does not fill up.
    void write(std::string line);

private:
    void run();
    // False when the time to stop has come and the reader still takes nothing.
    bool put(const std::string& text);
    bool is_overdue();

    int descriptor_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> queue_;
    std::size_t dropped_ = 0;
    bool is_stopping_ = false;
    std::chrono::steady_clock::time_point give_up_;
    std::thread thread_;
};

}  // namespace alertwire
