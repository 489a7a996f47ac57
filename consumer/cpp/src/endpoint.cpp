#include "endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>

#include "faults.h"

namespace alertwire {
namespace {

constexpr std::string_view kTcp = "tcp://";
constexpr std::string_view kIpc = "ipc://";

[[noreturn]] void refuse(std::string_view setting, const std::string& reason) {
    throw ConfigurationError(std::string(setting) + ": " + reason);
}

// The host in "HOST:PORT", "[HOST]:PORT" or "SOURCE;HOST:PORT" (zmq_tcp(7)).
std::string host_of(std::string_view place) {
    place = place.substr(place.rfind(';') + 1);
    const auto colon = place.rfind(':');
    std::string_view host = place.substr(0, colon == std::string_view::npos ? 0 : colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    return std::string(host);
}

// Whether one can connect there: libzmq itself takes 0 and 70000, and then waits for ever.
bool has_port(std::string_view endpoint) {
    const auto colon = endpoint.rfind(':');
    const std::string_view digits = endpoint.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return colon > kTcp.size() && error == std::errc{} && end == digits.data() + digits.size() &&
           port > 0;
}

void refuse_a_stranger(const std::string& endpoint, std::string_view setting) {
    const std::string path = endpoint.substr(kIpc.size());
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        return;
    }
    const uid_t user = geteuid();
    if ((user != 0 && user != found.st_uid) || !S_ISSOCK(found.st_mode)) {
        refuse(setting, path +
                            " is not a socket of the user that runs this: start it as the user "
                            "that runs the gateway");
    }
}

}  // namespace

bool is_tcp(std::string_view endpoint) { return endpoint.starts_with(kTcp); }

bool is_loopback(std::string_view endpoint) {
    if (endpoint.starts_with(kIpc)) {
        return true;
    }
    const auto separator = endpoint.find("://");
    if (separator == std::string_view::npos) {
        return false;
    }
    const std::string host = host_of(endpoint.substr(separator + 3));
    constexpr std::uint32_t kLoopbackNetwork = 127;
    constexpr int kFirstByte = 24;
    in_addr four{};
    in6_addr six{};
    if (inet_pton(AF_INET, host.c_str(), &four) == 1) {
        return ntohl(four.s_addr) >> kFirstByte == kLoopbackNetwork;
    }
    if (inet_pton(AF_INET6, host.c_str(), &six) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&six);
    }
    return host == "localhost";
}

void check_endpoint(const std::string& endpoint, std::string_view setting, bool is_encrypted) {
    const bool is_file = endpoint.starts_with("ipc:///") || endpoint.starts_with("ipc://./");
    if (!is_file && !(is_tcp(endpoint) && has_port(endpoint))) {
        refuse(setting, "'" + endpoint +
                            "' is no endpoint: use tcp://ADDRESS:PORT, or ipc:///PATH for "
                            "processes of one user on one machine");
    }
    if (is_file) {
        refuse_a_stranger(endpoint, setting);
    }
    if (!is_encrypted && !is_loopback(endpoint)) {
        refuse(setting, endpoint +
                            " can be reached from other machines, and the bus is not encrypted: "
                            "make keys with `alertwire keys new`, or use an address of this "
                            "machine, such as 127.0.0.1");
    }
}

}  // namespace alertwire
