#include "watch.h"

#include <cstring>
#include <utility>

namespace alertwire {
namespace {

// The same complaint about the same peer is logged once in this time.
constexpr std::chrono::seconds kRepeat{60};
constexpr int kEvents = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_MONITOR_STOPPED;

}  // namespace

void Watch::add(zmq::socket_t& socket, const std::string& setting) {
    const std::string address = "inproc://alertwire.watch." + std::to_string(++number_);
    if (zmq_socket_monitor(socket.handle(), address.c_str(), kEvents) != 0) {
        throw zmq::error_t();
    }
    zmq::socket_t monitor(context_, zmq::socket_type::pair);
    monitor.set(zmq::sockopt::linger, 0);
    monitor.connect(address);
    watched_.push_back({std::move(monitor), setting});
}

void Watch::append_to(std::vector<zmq::pollitem_t>& items) {
    for (Watched& each : watched_) {
        items.push_back({each.monitor.handle(), 0, ZMQ_POLLIN, 0});
    }
}

void Watch::hear() {
    for (auto each = watched_.begin(); each != watched_.end();) {
        zmq::message_t event;
        bool is_there = true;
        while (is_there && each->monitor.recv(event, zmq::recv_flags::dontwait)) {
            is_there = hear_one(*each, event);
        }
        each = is_there ? std::next(each) : watched_.erase(each);
    }
}

bool Watch::hear_one(Watched& watched, const zmq::message_t& event) {
    // Two frames: 16 bits of event and 32 of value, then the endpoint (zmq_socket_monitor(3)).
    std::uint16_t kind = 0;
    std::uint32_t value = 0;
    zmq::message_t endpoint;
    if (event.size() != sizeof kind + sizeof value || !watched.monitor.recv(endpoint)) {
        return true;
    }
    std::memcpy(&kind, event.data(), sizeof kind);
    std::memcpy(&value, event.data<char>() + sizeof kind, sizeof value);
    if (kind == ZMQ_EVENT_MONITOR_STOPPED) {
        return false;
    }
    complain(watched, kind == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, value, endpoint.to_string());
    return true;
}

void Watch::complain(const Watched& watched, bool speaks_otherwise, std::uint32_t code,
                     const std::string& endpoint) {
    const auto now = std::chrono::steady_clock::now();
    const auto [last, is_first] = said_.try_emplace({watched.setting, speaks_otherwise});
    Said& said = last->second;
    ++said.times;
    if (!is_first && now - said.at < kRepeat) {
        return;
    }
    said.at = now;
    const std::int64_t times = std::exchange(said.times, 0);
    log_.warning(
        "bus_not_entered",
        {{"setting", watched.setting},
         {"endpoint", endpoint},
         {"reason", std::string(speaks_otherwise ? "it does not speak our encryption"
                                                 : "it hung up before it let us in")},
         {"remedy", std::string(speaks_otherwise
                                    ? "restart it and this process with keys on both sides"
                                    : "allow our key there (alertwire keys allow) and compare its "
                                      "public key here")},
         {"code", static_cast<std::int64_t>(code)},
         {"times", times}});
}

}  // namespace alertwire
