#include "health.h"

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "descriptor.h"
#include "faults.h"

namespace alertwire {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kSetting = "ALERTWIRE_CONSUMER_HEALTH_PORT";
// A client that is slower than this is hung up on.
constexpr std::chrono::seconds kClientTimeout{5};
// So many at a time: for one more the oldest is hung up on, so that nobody keeps others out.
constexpr std::size_t kClientsMax = 256;
constexpr std::size_t kRequestSizeMax = 65'536;
constexpr std::size_t kBytesAtOnce = 4'096;
constexpr int kBacklog = 128;
constexpr std::string_view kEndOfRequest = "\r\n\r\n";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kMetricsText = "text/plain; version=0.0.4; charset=utf-8";

// One answer, whole: a HEAD is answered as a GET, without the body.
std::string answer(std::string_view status, std::string_view kind, std::string_view body,
                   bool is_head = false) {
    std::string said("HTTP/1.1 ");
    said.append(status).append("\r\nContent-Type: ").append(kind);
    said.append("\r\nContent-Length: ").append(std::to_string(body.size()));
    return said.append("\r\nConnection: close\r\n\r\n").append(is_head ? "" : body);
}

// Paths to the letter, as in the other languages; what stands behind a question mark is passed
// over.
std::string answer_to(std::string_view request, const Health::Metrics& metrics) {
    const std::string_view line = request.substr(0, request.find("\r\n"));
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == last || !line.substr(last + 1).starts_with("HTTP/")) {
        return answer("400 Bad Request", kText, "that is no request\n");
    }
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view path = target.substr(0, target.find('?'));
    const bool is_head = method == "HEAD";
    if (method != "GET" && !is_head) {
        return answer("501 Not Implemented", kText, "only GET and HEAD are answered\n");
    }
    if (path == "/healthz") {
        return answer("200 OK", kText, "ok\n", is_head);
    }
    if (path == "/readyz") {
        return answer("200 OK", kText, "ready\n", is_head);
    }
    if (path == "/metrics") {
        return answer("200 OK", kMetricsText, metrics(), is_head);
    }
    return answer("404 Not Found", kText, "not found\n", is_head);
}

[[noreturn]] void refuse(const std::string& host, std::uint16_t port, const std::string& reason) {
    throw ConfigurationError(std::string(kSetting) + ": " + host + ":" + std::to_string(port) +
                             " cannot be listened on: " + reason + "; set " + kSetting +
                             " to a free port, or to 0 for none, and ALERTWIRE_HEALTH_HOST to an "
                             "address of this machine");
}

Descriptor listen_on(const std::string& host, std::uint16_t port) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string service = std::to_string(port);
    if (const int code = ::getaddrinfo(host.c_str(), service.c_str(), &wanted, &found); code != 0) {
        refuse(host, port, ::gai_strerror(code));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    // The first, as in the other languages: what a name has beside it is not listened on.
    Descriptor listener(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int yes = 1;
    if (!listener.is_open() ||
        ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        ::bind(listener.get(), found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(listener.get(), kBacklog) != 0) {
        refuse(host, port, std::strerror(errno));
    }
    return listener;
}

// One connection: reads a request, writes the answer, and waits until the other side has it.
class Client {
public:
    explicit Client(Descriptor socket) : socket_(std::move(socket)) {}

    [[nodiscard]] pollfd interest() const {
        return {socket_.get(), static_cast<short>(is_writing() ? POLLOUT : POLLIN), 0};
    }
    [[nodiscard]] Clock::time_point deadline() const { return deadline_; }
    [[nodiscard]] bool is_over(Clock::time_point now) const { return is_over_ || now >= deadline_; }

    void go_on(const Health::Metrics& metrics) {
        if (is_writing()) {
            write();
        } else {
            read(metrics);
        }
    }

private:
    [[nodiscard]] bool is_writing() const { return written_ < answer_.size(); }

    void read(const Health::Metrics& metrics) {
        std::array<char, kBytesAtOnce> bytes{};
        const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
        if (size <= 0) {
            is_over_ = size == 0 || !may_go_on();
            return;
        }
        if (!answer_.empty()) {
            return;  // Something behind the request: of no interest.
        }
        request_.append(bytes.data(), static_cast<std::size_t>(size));
        if (request_.find(kEndOfRequest) != std::string::npos) {
            answer_ = answer_to(request_, metrics);
            write();
        } else if (request_.size() > kRequestSizeMax) {
            answer_ = answer("431 Request Header Fields Too Large", kText, "too long\n");
            write();
        }
    }

    void write() {
        const ssize_t size = ::send(socket_.get(), answer_.data() + written_,
                                    answer_.size() - written_, MSG_NOSIGNAL);
        if (size < 0) {
            is_over_ = !may_go_on();
            return;
        }
        written_ += static_cast<std::size_t>(size);
        if (!is_writing()) {
            // Closed by the other side first: what it still sends would take the answer from it.
            ::shutdown(socket_.get(), SHUT_WR);
        }
    }

    static bool may_go_on() { return errno == EAGAIN || errno == EINTR; }

    Descriptor socket_;
    Clock::time_point deadline_ = Clock::now() + kClientTimeout;
    std::string request_;
    std::string answer_;
    std::size_t written_ = 0;
    bool is_over_ = false;
};

}  // namespace

class Health::Server {
public:
    Server(const std::string& host, std::uint16_t port, Metrics metrics)
        : metrics_(std::move(metrics)),
          listener_(listen_on(host, port)),
          thread_([this] { run(); }) {}
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() {
        const std::uint64_t one = 1;
        std::ignore = ::write(end_.get(), &one, sizeof one);
        thread_.join();
    }

private:
    void run() {
        std::vector<pollfd> polled;
        while (true) {
            polled.assign({{end_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}});
            for (const Client& client : clients_) {
                polled.push_back(client.interest());
            }
            ::poll(polled.data(), polled.size(), patience_ms());
            if (polled[0].revents != 0) {
                return;
            }
            for (std::size_t i = 0; i < clients_.size(); ++i) {
                if (polled[i + 2].revents != 0) {
                    clients_[i].go_on(metrics_);
                }
            }
            const auto now = Clock::now();
            std::erase_if(clients_, [now](const Client& client) { return client.is_over(now); });
            if (polled[1].revents != 0) {
                accept();
            }
        }
    }

    void accept() {
        Descriptor socket(
            ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        const bool is_short = !socket.is_open() && errno != EAGAIN && errno != ECONNABORTED;
        if (!clients_.empty() && (is_short || clients_.size() >= kClientsMax)) {
            clients_.erase(clients_.begin());
        } else if (is_short) {
            // No descriptors left in the whole process: asked again at once it would spin.
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        if (socket.is_open()) {
            clients_.emplace_back(std::move(socket));
        }
    }

    // Until the oldest client's time is over; -1 without one.
    [[nodiscard]] int patience_ms() const {
        if (clients_.empty()) {
            return -1;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(clients_.front().deadline() -
                                                                       Clock::now());
        return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }

    Metrics metrics_;
    Descriptor listener_;
    Descriptor end_{::eventfd(0, EFD_CLOEXEC)};
    std::vector<Client> clients_;  // The oldest first.
    std::thread thread_;
};

Health::Health(const std::string& host, std::uint16_t port, Metrics metrics)
    : server_(std::make_unique<Server>(host, port, std::move(metrics))) {}

Health::~Health() = default;

}  // namespace alertwire
