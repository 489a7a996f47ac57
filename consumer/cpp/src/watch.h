// Tends the connections of one thread: begins anew what libzmq gave up, and tells of servers that
// did not let us in, once a minute for the same trouble at the same place.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>
#include <zmq.hpp>

#include "clock.h"
#include "connection.h"
#include "logs.h"

namespace alertwire {

class Watch {
public:
    Watch(zmq::context_t& context, const Logger& logger) : context_(context), log_(logger) {}

    // Connects a socket that has its options. It is closed, and tended no more, when its owner
    // forgets it. Throws zmq::error_t.
    [[nodiscard]] std::shared_ptr<Connection> connect(zmq::socket_t socket,
                                                      const std::string& endpoint,
                                                      const std::string& setting, bool has_keys);

    // For every turn of the loop: mostly it is too early, and nothing is asked of libzmq.
    void tend(Clock::Instant now);

private:
    void tell(const Connection& connection, const Connection::Complaint& complaint,
              Clock::Instant now);

    zmq::context_t& context_;
    const Logger& log_;
    std::vector<std::weak_ptr<Connection>> connections_;
    Clock::Instant next_{};
    // When a complaint was said, and how often it came since.
    struct Said {
        Clock::Instant at;
        std::int64_t times = 0;
    };
    // By setting, endpoint and reason.
    std::map<std::tuple<std::string, std::string, std::string>, Said> said_;
    int number_ = 0;
};

}  // namespace alertwire
