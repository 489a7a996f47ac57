// Tells of servers that did not let us in: once a minute for the same trouble at the same place.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "logs.h"

namespace alertwire {

class Watch {
public:
    Watch(zmq::context_t& context, const Logger& logger) : context_(context), log_(logger) {}

    // Watches a socket, before it connects. `setting` says what to mend.
    void add(zmq::socket_t& socket, const std::string& setting);

    // What to poll, and what to do when it is ready.
    void append_to(std::vector<zmq::pollitem_t>& items);
    void hear();

private:
    struct Watched {
        zmq::socket_t monitor;
        std::string setting;
    };

    // Takes one event; false when the watched socket is gone.
    bool hear_one(Watched& watched, const zmq::message_t& event);
    void complain(const Watched& watched, bool speaks_otherwise, std::uint32_t code,
                  const std::string& endpoint);

    zmq::context_t& context_;
    const Logger& log_;
    std::list<Watched> watched_;
    // When a complaint was said, and how often it came since.
    struct Said {
        std::chrono::steady_clock::time_point at;
        std::int64_t times = 0;
    };
    std::map<std::pair<std::string, bool>, Said> said_;
    int number_ = 0;
};

}  // namespace alertwire
