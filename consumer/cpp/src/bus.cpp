#include "bus.h"

#include <filesystem>
#include <utility>

#include "endpoint.h"
#include "faults.h"

namespace alertwire {
namespace {

constexpr int kReconnectMs = 50;
constexpr int kReconnectMaxMs = 1'000;
// A connection that nobody answers for so long is begun anew, and the name looked up anew: a
// container that is started again has another address.
constexpr int kConnectTimeoutMs = 3'000;
// A peer that acknowledges no bytes for so long is given up (Linux TCP_USER_TIMEOUT).
constexpr int kTcpMaxRetransmitMs = 10'000;
constexpr int kKeepaliveIdleS = 5;
constexpr int kKeepaliveIntervalS = 2;
constexpr int kKeepaliveCount = 3;
// A handshake that is not over by then is ended, by either side. A client tries again.
constexpr int kHandshakeMs = 3'000;
// So that a flood of one kind does not starve the others.
constexpr int kFramesAtOnce = 1'000;

void set_options(zmq::socket_t& socket) {
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::immediate, true);
    socket.set(zmq::sockopt::reconnect_ivl, kReconnectMs);
    socket.set(zmq::sockopt::reconnect_ivl_max, kReconnectMaxMs);
    socket.set(zmq::sockopt::connect_timeout, kConnectTimeoutMs);
    socket.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
    socket.set(zmq::sockopt::tcp_keepalive, 1);
    socket.set(zmq::sockopt::tcp_keepalive_idle, kKeepaliveIdleS);
    socket.set(zmq::sockopt::tcp_keepalive_intvl, kKeepaliveIntervalS);
    socket.set(zmq::sockopt::tcp_keepalive_cnt, kKeepaliveCount);
    socket.set(zmq::sockopt::tcp_maxrt, kTcpMaxRetransmitMs);
}

}  // namespace

Bus::Bus(const Settings& settings, const Logger& logger)
    : keys_folder_(settings.bus_keys()), watch_(context_, logger) {}

std::shared_ptr<Connection> Bus::connect(zmq::socket_type kind, const std::string& endpoint,
                                         const std::string& setting, const std::string& server) {
    // A socket file needs no encryption, also for a party that has no key at all.
    const bool is_encrypted = is_tcp(endpoint) && pair().has_value();
    check_endpoint(endpoint, setting, is_encrypted);
    zmq::socket_t socket(context_, kind);
    set_options(socket);
    if (is_encrypted) {
        socket.set(zmq::sockopt::curve_serverkey, load_public(keys_folder_, server));
        socket.set(zmq::sockopt::curve_publickey, pair()->public_key);
        socket.set(zmq::sockopt::curve_secretkey, pair()->secret_key);
    }
    try {
        return watch_.connect(std::move(socket), endpoint, setting, is_encrypted);
    } catch (const zmq::error_t& error) {
        throw ConfigurationError(setting + ": cannot connect to '" + endpoint +
                                 "': " + error.what());
    }
}

std::string Bus::server_of_gateway(const std::string& name) const {
    const std::string own = "gateway-" + name;
    return std::filesystem::exists(keys_folder_ / (own + ".key")) ? own : "gateway";
}

const std::optional<KeyPair>& Bus::pair() {
    if (!pair_) {
        pair_ = load_pair(keys_folder_);
        if (pair_->has_value() && zmq_has("curve") == 0) {
            throw ConfigurationError(keys_folder_.string() +
                                     " has keys, but this libzmq was built without CURVE");
        }
    }
    return *pair_;
}

bool try_send(zmq::socket_t& socket, std::string_view frame) {
    return socket.send(zmq::buffer(frame), zmq::send_flags::dontwait).has_value();
}

void drain(zmq::socket_t& socket, const std::function<void(std::string_view)>& take) {
    zmq::message_t frame;
    for (int count = 0; count < kFramesAtOnce; ++count) {
        if (!socket.recv(frame, zmq::recv_flags::dontwait)) {
            return;
        }
        take(frame.to_string_view());
    }
}

}  // namespace alertwire
