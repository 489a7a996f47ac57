#include "executor.h"

#include <algorithm>
#include <array>
#include <set>

#include "decode.h"

namespace alertwire {
namespace {

// Of several commands' outcomes the first in this order is the alert's.
constexpr std::array kTelling{v1::OUTCOME_UNKNOWN, v1::OUTCOME_ACCEPTED, v1::OUTCOME_REJECTED,
                              v1::OUTCOME_EXPIRED, v1::OUTCOME_VOIDED};

// An enum's member without its prefix, as logs and metrics have it.
std::string without_prefix(const std::string& name, std::string_view prefix) {
    return name.substr(prefix.size());
}

std::string named(const std::string& gateway) {
    return gateway == kDefaultGateway ? "the gateway" : "gateway '" + gateway + "'";
}

std::string joined(const std::set<std::string>& gateways) {
    std::string text;
    for (const std::string& gateway : gateways) {
        text += (text.empty() ? "" : ", ") + named(gateway);
    }
    return text;
}

struct Planning {
    Planned commands;
    std::string refusal;
};

// Plans; what cannot be planned is voided, for only a gateway may say that it is over.
Planning make_plan(const v1::Delivery& delivery, std::string refusal, const Routes& routes) {
    if (delivery.mode() == v1::MODE_VOID || !delivery.has_alert()) {
        return {void_commands(delivery, routes), std::move(refusal)};
    }
    auto made = plan(delivery, routes);
    if (auto* refused = std::get_if<Refused>(&made)) {
        return {void_commands(delivery, routes), std::move(refused->reason)};
    }
    return {std::move(std::get<Planned>(made)), {}};
}

}  // namespace

Executor::Executor(std::string executor_id, Routes routes, const Clock& clock, const Logger& logger,
                   Outlets outlets)
    : id_(std::move(executor_id)),
      routes_(std::move(routes)),
      clock_(clock),
      log_(logger),
      outlets_(std::move(outlets)) {}

void Executor::take_delivery(std::string_view frame) {
    DeliveryFrame decoded = decode_delivery(frame);
    if (const auto* unreadable = std::get_if<Unreadable>(&decoded)) {
        log_.error("delivery_unreadable",
                   {{"reason", unreadable->reason},
                    {"size_bytes", static_cast<std::int64_t>(frame.size())}});
        return;
    }
    if (const auto* unknown = std::get_if<UnsupportedVersion>(&decoded)) {
        log_.error("delivery_version_unknown",
                   {{"alert_id", unknown->alert_id}, {"reason", unknown->reason}});
        if (!unknown->alert_id.empty()) {
            retry(unknown->alert_id, unknown->attempt, unknown->reason);
        }
        return;
    }
    auto& [delivery, refusal] = std::get<ReadDelivery>(decoded);
    if (!refusal.empty()) {
        refusal.insert(0, "the alert cannot be read: ");
    }
    stamp(*delivery.mutable_trace(), v1::STAGE_PULLED);
    send(ack_of(v1::ACK_KIND_RECEIVED, delivery.alert_id(), delivery.attempt()));
    start(delivery, std::move(refusal));
}

void Executor::take_reply(const std::string& gateway, std::string_view frame) {
    ReplyFrame decoded = decode_reply(frame);
    auto* reply = std::get_if<v1::CommandReply>(&decoded);
    if (reply == nullptr) {
        const auto* unknown = std::get_if<UnsupportedVersion>(&decoded);
        log_.error("reply_unreadable",
                   {{"reason",
                     unknown != nullptr ? unknown->reason : std::get<Unreadable>(decoded).reason},
                    {"size_bytes", static_cast<std::int64_t>(frame.size())}});
        return;
    }
    const auto address = by_address_.find({gateway, reply->command_id()});
    if (address == by_address_.end()) {
        // Answered twice, or after it was handed back: the next delivery asks again.
        log_.debug("reply_unexpected", {{"command_id", reply->command_id()}});
        return;
    }
    const auto held = in_hand_.find(address->second);
    Work& work = held->second;
    if (!reply->decided() || reply->outcome() == v1::OUTCOME_UNSPECIFIED) {
        const Work undecided = forget(held);
        retry(undecided.alert_id, undecided.attempt, reply->detail());
        return;
    }
    const auto sent = std::ranges::find_if(work.sent, [&](const Sent& each) {
        return each.to.gateway == gateway && each.to.command.command_id() == reply->command_id();
    });
    sent->reply = std::move(*reply);
    if (std::ranges::all_of(work.sent, [](const Sent& each) { return each.reply.has_value(); })) {
        decide(forget(held));
    }
}

void Executor::tick() {
    const Clock::Instant now = clock_.instant();
    for (auto held = in_hand_.begin(); held != in_hand_.end();) {
        const auto next = std::next(held);
        if (held->second.deadline <= now) {
            const Work work = forget(held);
            std::set<std::string> silent;
            for (const Sent& each : work.sent) {
                if (!each.reply) {
                    silent.insert(each.to.gateway);
                }
            }
            log_.warning("gateway_silent",
                         {{"alert_id", work.alert_id}, {"gateways", joined(silent)}});
            retry(work.alert_id, work.attempt,
                  joined(silent) + " did not answer within " +
                      std::to_string(kGatewayTimeout.count()) + " s");
        }
        held = next;
    }
    if (now >= next_heartbeat_) {
        const bool is_heard = send(ack_of(v1::ACK_KIND_HEARTBEAT, "", 0));
        next_heartbeat_ = now + (is_heard ? kHeartbeat : kUnheard);
    }
}

void Executor::stop() {
    is_stopping_ = true;
    next_heartbeat_ = {};
    tick();
}

std::chrono::milliseconds Executor::until_tick() const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(next_heartbeat_ - clock_.instant());
    return std::max(left, std::chrono::milliseconds::zero());
}

void Executor::start(const v1::Delivery& delivery, std::string refusal) {
    if (const auto held = in_hand_.find(delivery.alert_id()); held != in_hand_.end()) {
        // The gateway answers both; what the first one was asked no longer matters.
        forget(held);
    }
    auto [commands, reason] = make_plan(delivery, std::move(refusal), routes_);
    Work work{delivery.alert_id(),
              delivery.attempt(),
              std::move(reason),
              clock_.instant() + kGatewayTimeout,
              {}};
    for (Addressed& each : commands) {
        stamp(*each.command.mutable_trace(), v1::STAGE_COMMANDED);
        by_address_[{each.gateway, each.command.command_id()}] = work.alert_id;
        work.sent.push_back({std::move(each), std::nullopt});
    }
    const auto held = in_hand_.insert_or_assign(work.alert_id, std::move(work)).first;
    // To every gateway that can be reached: one that cannot holds up nobody else's orders.
    std::set<std::string> missed;
    for (const Sent& each : held->second.sent) {
        if (!outlets_.send_command(each.to.gateway, each.to.command)) {
            missed.insert(each.to.gateway);
        }
    }
    if (!missed.empty()) {
        const Work undelivered = forget(held);
        retry(undelivered.alert_id, undelivered.attempt, joined(missed) + " cannot be reached");
        return;
    }
    LogFields fields{{"alert_id", held->second.alert_id},
                     {"attempt", static_cast<std::int64_t>(held->second.attempt)},
                     {"mode", without_prefix(v1::Mode_Name(delivery.mode()), "MODE_")},
                     {"commands", static_cast<std::int64_t>(held->second.sent.size())}};
    if (!held->second.refusal.empty()) {
        fields.emplace_back("refusal", held->second.refusal);
    }
    log_.info("commands_sent", std::move(fields));
}

void Executor::decide(const Work& work) {
    v1::Ack ack = ack_of(v1::ACK_KIND_DECIDED, work.alert_id, work.attempt);
    std::vector<std::string> details;
    for (const Sent& each : work.sent) {
        const v1::CommandReply& reply = *each.reply;
        v1::CommandOutcome& end = *ack.add_commands();
        end.set_command_id(reply.command_id());
        end.set_account(reply.account());
        end.set_outcome(reply.outcome());
        end.set_detail(reply.detail());
        if (!reply.detail().empty() &&
            std::ranges::find(details, reply.detail()) == details.end()) {
            details.push_back(reply.detail());
        }
    }
    v1::Outcome outcome = *std::ranges::find_if(kTelling, [&ack](v1::Outcome telling) {
        return std::ranges::any_of(ack.commands(), [telling](const v1::CommandOutcome& end) {
            return end.outcome() == telling;
        });
    });
    if (!work.refusal.empty() && outcome == v1::OUTCOME_VOIDED) {
        outcome = v1::OUTCOME_REJECTED;
        details = {work.refusal};
    }
    std::string detail;
    for (const std::string& each : details) {
        detail += (detail.empty() ? "" : "; ") + each;
    }
    ack.set_outcome(outcome);
    ack.set_detail(detail);
    *ack.mutable_trace() = work.sent.back().reply->trace();
    send(ack);
    log_.info("alert_decided",
              {{"alert_id", work.alert_id},
               {"outcome", without_prefix(v1::Outcome_Name(outcome), "OUTCOME_")}});
}

Executor::Work Executor::forget(InHand::iterator held) {
    Work work = std::move(held->second);
    in_hand_.erase(held);
    for (const Sent& each : work.sent) {
        by_address_.erase({each.to.gateway, each.to.command.command_id()});
    }
    return work;
}

v1::Ack Executor::ack_of(v1::AckKind kind, const std::string& alert_id,
                         std::uint32_t attempt) const {
    const auto taken = static_cast<std::uint32_t>(std::min<std::size_t>(in_hand_.size(), kSlots));
    v1::Ack ack;
    ack.set_schema_version(kSchemaVersion);
    ack.set_kind(kind);
    ack.set_executor_id(id_);
    ack.set_alert_id(alert_id);
    ack.set_attempt(attempt);
    ack.set_free_slots(is_stopping_ ? 0 : kSlots - taken);
    return ack;
}

bool Executor::send(const v1::Ack& ack) {
    // An ack that cannot leave is not kept: the producer asks again.
    const bool is_sent = outlets_.send_ack(ack);
    if (!is_sent && ack.kind() != v1::ACK_KIND_HEARTBEAT) {
        log_.warning("ack_not_sent",
                     {{"alert_id", ack.alert_id()},
                      {"kind", without_prefix(v1::AckKind_Name(ack.kind()), "ACK_KIND_")}});
    }
    return is_sent;
}

void Executor::retry(const std::string& alert_id, std::uint32_t attempt,
                     const std::string& reason) {
    v1::Ack ack = ack_of(v1::ACK_KIND_RETRY, alert_id, attempt);
    ack.set_detail(reason);
    send(ack);
    log_.info("alert_handed_back", {{"alert_id", alert_id},
                                    {"attempt", static_cast<std::int64_t>(attempt)},
                                    {"reason", reason}});
}

void Executor::stamp(v1::Trace& trace, v1::Stage stage) const {
    constexpr std::int64_t kMicrosPerSecond = 1'000'000;
    constexpr std::int64_t kNanosPerMicro = 1'000;
    const std::int64_t micros =
        std::chrono::floor<std::chrono::microseconds>(clock_.now()).time_since_epoch().count();
    v1::Stamp& next = *trace.add_stamps();
    next.set_stage(stage);
    next.mutable_at()->set_seconds(micros / kMicrosPerSecond);
    next.mutable_at()->set_nanos(
        static_cast<std::int32_t>(micros % kMicrosPerSecond * kNanosPerMicro));
}

}  // namespace alertwire
