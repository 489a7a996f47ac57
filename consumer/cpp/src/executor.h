// The executor's side of the delivery protocol: frames in, messages to send out, no sockets.
//
// Delivery → RECEIVED → commands → replies → DECIDED, or RETRY when a gateway cannot be reached or
// stays silent. Nothing here needs to survive: what is forgotten is delivered again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alertwire/v1/command.pb.h"
#include "alertwire/v1/delivery.pb.h"
#include "clock.h"
#include "logs.h"
#include "plan.h"
#include "routes.h"

namespace alertwire {

// Deliveries in hand at the same time.
inline constexpr std::uint32_t kSlots = 64;
inline constexpr std::chrono::milliseconds kHeartbeat{500};
// Until a heartbeat that nobody could take is tried again: the producer gives nothing to an
// executor that it has not heard.
inline constexpr std::chrono::milliseconds kUnheard{50};
// Silence of a gateway after which an alert is handed back; below the dispatcher's 10 s, so that it
// counts as RETRY and not as a poisoned alert.
inline constexpr std::chrono::seconds kGatewayTimeout{8};

class Executor {
public:
    // Both return false where the other side cannot be reached now.
    struct Outlets {
        std::function<bool(const v1::Ack&)> send_ack;
        std::function<bool(const std::string& gateway, const v1::OrderCommand&)> send_command;
    };

    Executor(std::string executor_id, Routes routes, const Clock& clock, const Logger& logger,
             Outlets outlets);

    // Plans with these routes from now on; what is in hand keeps its commands.
    void use(Routes routes) { routes_ = std::move(routes); }
    [[nodiscard]] const Routes& routes() const { return routes_; }
    // Takes no more: heartbeats say that no slot is free, the first at once.
    void stop();
    [[nodiscard]] std::size_t in_hand() const { return in_hand_.size(); }

    // Takes one frame of the PULL socket.
    void take_delivery(std::string_view frame);
    // Takes one frame of the DEALER socket that is connected to this gateway.
    void take_reply(const std::string& gateway, std::string_view frame);
    // Does what is due by the clock: heartbeats, and alerts that a gateway left unanswered.
    void tick();
    // The time until `tick` is due.
    [[nodiscard]] std::chrono::milliseconds until_tick() const;

private:
    struct Sent {
        Addressed to;
        std::optional<v1::CommandReply> reply;
    };
    // A delivery in hand and the replies to its commands.
    struct Work {
        std::string alert_id;
        std::uint32_t attempt;
        std::string refusal;
        Clock::Instant deadline;
        std::vector<Sent> sent;
    };
    // A gateway's name and a command's id: a VOID has the same id at each gateway.
    using Address = std::pair<std::string, std::string>;
    using InHand = std::map<std::string, Work>;

    void start(const v1::Delivery& delivery, std::string refusal);
    void decide(const Work& work);
    Work forget(InHand::iterator held);
    v1::Ack ack_of(v1::AckKind kind, const std::string& alert_id, std::uint32_t attempt) const;
    // Tells the producer; false where that could not be.
    bool send(const v1::Ack& ack);
    void retry(const std::string& alert_id, std::uint32_t attempt, const std::string& reason);
    void stamp(v1::Trace& trace, v1::Stage stage) const;

    std::string id_;
    Routes routes_;
    const Clock& clock_;
    const Logger& log_;
    Outlets outlets_;
    InHand in_hand_;
    std::map<Address, std::string> by_address_;
    Clock::Instant next_heartbeat_{};
    bool is_stopping_ = false;
};

}  // namespace alertwire
