#include "watch.h"

#include <chrono>
#include <utility>

namespace alertwire {
namespace {

// Monitors are not polled: that costs system calls on every turn of the loop, also for each alert.
constexpr std::chrono::milliseconds kLook{250};
// The same complaint about the same peer is logged once in this time.
constexpr std::chrono::seconds kRepeat{60};

}  // namespace

std::shared_ptr<Connection> Watch::connect(zmq::socket_t socket, const std::string& endpoint,
                                           const std::string& setting, bool has_keys) {
    const std::string place = "inproc://alertwire.watch." + std::to_string(++number_);
    auto made = std::make_shared<Connection>(context_, std::move(socket), place, endpoint, setting,
                                             has_keys);
    connections_.push_back(made);
    return made;
}

void Watch::tend(Clock::Instant now) {
    if (now < next_) {
        return;
    }
    next_ = now + kLook;
    std::erase_if(connections_, [](const auto& each) { return each.expired(); });
    for (const auto& each : connections_) {
        if (const auto connection = each.lock()) {
            for (const Connection::Complaint& complaint : connection->tend(now)) {
                tell(*connection, complaint, now);
            }
        }
    }
}

void Watch::tell(const Connection& connection, const Connection::Complaint& complaint,
                 Clock::Instant now) {
    const auto [last, is_first] = said_.try_emplace(
        {connection.setting(), connection.endpoint(), std::string(complaint.reason)});
    Said& said = last->second;
    ++said.times;
    if (!is_first && now - said.at < kRepeat) {
        return;
    }
    said.at = now;
    const std::int64_t times = std::exchange(said.times, 0);
    log_.warning("bus_not_entered", {{"setting", connection.setting()},
                                     {"endpoint", connection.endpoint()},
                                     {"reason", std::string(complaint.reason)},
                                     {"remedy", std::string(complaint.remedy)},
                                     {"code", complaint.code},
                                     {"times", times}});
}

}  // namespace alertwire
