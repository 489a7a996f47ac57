#include "health.h"

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "faults.h"

namespace alertwire {
namespace {

constexpr int kBacklog = 16;
// A client that is slower than this is hung up on: the next probe waits behind it.
constexpr timeval kClientTimeout{1, 0};
constexpr std::size_t kRequestSizeMax = 4'096;

Descriptor listen_at(const std::string& host, std::uint16_t port, std::string& reason) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found)) {
        reason = gai_strerror(error);
        return Descriptor();
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
    Descriptor listener(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (!listener.is_open() || ::bind(listener.get(), found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(listener.get(), kBacklog) != 0) {
        reason = std::strerror(errno);
        return Descriptor();
    }
    return listener;
}

std::string response(std::string_view status, std::string_view kind, std::string_view body) {
    return std::string("HTTP/1.0 ")
        .append(status)
        .append("\r\nContent-Type: ")
        .append(kind)
        .append("\r\nContent-Length: ")
        .append(std::to_string(body.size()))
        .append("\r\nConnection: close\r\n\r\n")
        .append(body);
}

}  // namespace

std::string health_response(std::string_view request, const Health::Metrics& metrics) {
    constexpr std::string_view kText = "text/plain; charset=utf-8";
    constexpr std::string_view kGet = "GET ";
    if (!request.starts_with(kGet)) {
        return response("501 Not Implemented", kText, "only GET is answered\n");
    }
    request.remove_prefix(kGet.size());
    const auto path = request.substr(0, request.find_first_of(" \r\n"));
    if (path == "/healthz") {
        return response("200 OK", kText, "ok\n");
    }
    if (path == "/readyz") {
        return response("200 OK", kText, "ready\n");
    }
    if (path == "/metrics") {
        return response("200 OK", "text/plain; version=0.0.4; charset=utf-8", metrics());
    }
    return response("404 Not Found", kText, "not found\n");
}

Health::Health(const std::string& host, std::uint16_t port, Metrics metrics)
    : metrics_(std::move(metrics)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    constexpr std::string_view kSetting = "ALERTWIRE_CONSUMER_HEALTH_PORT";
    std::string reason;
    listener_ = listen_at(host, port, reason);
    if (!listener_.is_open()) {
        const std::string setting(kSetting);
        throw ConfigurationError(setting + ": " + host + ":" + std::to_string(port) +
                                 " cannot be listened on: " + reason + "; set " + setting +
                                 " to a free port, or to 0 for none");
    }
    thread_ = std::thread([this] { serve(); });
}

Health::~Health() {
    if (::eventfd_write(stop_.get(), 1) == 0) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

void Health::serve() {
    std::array<pollfd, 2> waiting{{{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    while (true) {
        if (::poll(waiting.data(), waiting.size(), -1) < 0) {
            continue;
        }
        if (waiting[1].revents != 0) {
            return;
        }
        const Descriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (connection.is_open()) {
            answer(connection.get());
        }
    }
}

void Health::answer(int connection) const {
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &kClientTimeout, sizeof kClientTimeout);
    ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &kClientTimeout, sizeof kClientTimeout);
    std::array<char, kRequestSizeMax> buffer{};
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos && request.size() < kRequestSizeMax) {
        const ssize_t size = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (size <= 0) {
            return;
        }
        request.append(buffer.data(), static_cast<std::size_t>(size));
    }
    const std::string said = health_response(request, metrics_);
    std::size_t done = 0;
    while (done < said.size()) {
        const ssize_t size =
            ::send(connection, said.data() + done, said.size() - done, MSG_NOSIGNAL);
        if (size <= 0) {
            return;
        }
        done += static_cast<std::size_t>(size);
    }
}

}  // namespace alertwire
