// A socket that connects, and what libzmq tells of it.
//
// libzmq ends a client's connection that broke its protocol (another kind of socket at the other
// end, encryption at one end only) and never begins another: the socket would reach nobody until
// the process is started again. Such an end is DISCONNECTED without the CONNECT_RETRIED that
// otherwise follows at once (libzmq 4.3.4 and 4.3.5, zmq_socket_monitor(3)).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <zmq.hpp>

#include "clock.h"

namespace alertwire {

class Connection {
public:
    // Why nobody was reached, and what to do about it; `code` as libzmq says it.
    struct Complaint {
        std::string_view reason;
        std::string_view remedy;
        std::int64_t code = 0;
    };

    // Connects a socket that has its options. `place` is an address for its monitor, of its own;
    // `setting` says what to mend. Throws zmq::error_t.
    Connection(zmq::context_t& context, zmq::socket_t socket, const std::string& place,
               std::string endpoint, std::string setting, bool has_keys);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    [[nodiscard]] zmq::socket_t& socket() { return socket_; }
    [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
    [[nodiscard]] const std::string& setting() const { return setting_; }

    // Begins anew what libzmq gave up, and says what failed since the last call.
    [[nodiscard]] std::vector<Complaint> tend(Clock::Instant now);

private:
    void hear(Clock::Instant now, std::vector<Complaint>& complaints);
    void begin_anew();

    zmq::socket_t socket_;
    zmq::socket_t monitor_;
    std::string endpoint_;
    std::string setting_;
    bool has_keys_;
    // When the connection ended, where no other attempt has followed.
    std::optional<Clock::Instant> ended_;
    bool is_explained_ = false;
};

}  // namespace alertwire
