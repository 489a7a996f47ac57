#include "decode.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <vector>

#include "decimal.h"
#include "text.h"

namespace alertwire {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Timestamp;

// What must be set, by message and field, as the value classes of alertwire/wire have it. All other
// enums and messages may be absent; none may hold what is not known here.
constexpr auto kRequired = std::to_array<std::string_view>({
    "Alert.action",
    "Alert.alert_id",
    "Alert.instrument",
    "Alert.route",
    "Alert.strategy",
    "Alert.time_in_force",
    "CommandReply.command_id",
    "Delivery.alert_id",
    "Delivery.key",
    "Delivery.mode",
    "Delivery.stream_id",
    "Entry.type",
    "Extra.name",
    "Extra.value",
    "Instrument.security_type",
    "Instrument.symbol",
    "Sizing.type",
    "Sizing.value",
    "Stamp.at",
    "Stamp.stage",
});

// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the dates that every language has.
constexpr std::int64_t kFirstSecond = -62'135'596'800;
constexpr std::int64_t kLastSecond = 253'402'300'799;
constexpr std::int32_t kNanosPerMicro = 1'000;
constexpr std::int32_t kNanosPerSecond = 1'000'000'000;

struct FieldRule {
    const FieldDescriptor* field;
    std::string where;
    bool is_required;
};

// The rules of a message's fields, in their order; made once per kind of message.
const std::vector<FieldRule>& rules_of(const Descriptor* kind) {
    thread_local std::map<const Descriptor*, std::vector<FieldRule>> known;
    auto [entry, is_new] = known.try_emplace(kind);
    if (is_new) {
        for (int index = 0; index < kind->field_count(); ++index) {
            const FieldDescriptor* field = kind->field(index);
            std::string where = kind->name() + "." + field->name();
            const bool is_required = std::ranges::find(kRequired, where) != kRequired.end();
            entry->second.push_back({field, std::move(where), is_required});
        }
    }
    return entry->second;
}

std::optional<std::string> check_time(const std::string& where, Timestamp& time) {
    // Nanos out of range are carried over, as arithmetic on dates does in other languages.
    std::int64_t carried = time.nanos() / kNanosPerSecond;
    std::int32_t nanos = time.nanos() % kNanosPerSecond;
    if (nanos < 0) {
        nanos += kNanosPerSecond;
        --carried;
    }
    if (time.seconds() < kFirstSecond - carried || time.seconds() > kLastSecond - carried) {
        return where + ": " + std::to_string(time.seconds()) + " s since 1970 is not a date";
    }
    time.set_seconds(time.seconds() + carried);
    time.set_nanos(nanos / kNanosPerMicro * kNanosPerMicro);
    return std::nullopt;
}

std::optional<std::string> check_part(const std::string& where, Message& part) {
    if (part.GetDescriptor() == v1::Decimal::descriptor()) {
        const std::string& text = static_cast<const v1::Decimal&>(part).value();
        if (!is_decimal(text)) {
            return where + ": " + in_quotes(text) + " is not a decimal number such as 12.5";
        }
        return std::nullopt;
    }
    if (part.GetDescriptor() == Timestamp::descriptor()) {
        return check_time(where, static_cast<Timestamp&>(part));
    }
    return refusal_of(part);
}

std::optional<std::string> check_member(const FieldRule& rule, int number) {
    if (number == 0) {
        return rule.is_required ? std::optional(rule.where + " was not set") : std::nullopt;
    }
    if (rule.field->enum_type()->FindValueByNumber(number) == nullptr) {
        return rule.where + " was " + std::to_string(number) + ", which is not known here";
    }
    return std::nullopt;
}

std::optional<std::string> check_field(const FieldRule& rule, Message& message) {
    const auto* reflection = message.GetReflection();
    const FieldDescriptor* field = rule.field;
    if (field->is_repeated()) {
        if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
            for (int index = 0; index < reflection->FieldSize(message, field); ++index) {
                auto& part = *reflection->MutableRepeatedMessage(&message, field, index);
                if (auto problem = check_part(rule.where, part)) {
                    return problem;
                }
            }
        }
        return std::nullopt;
    }
    switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
            if (reflection->HasField(message, field)) {
                return check_part(rule.where, *reflection->MutableMessage(&message, field));
            }
            break;
        case FieldDescriptor::CPPTYPE_ENUM:
            return check_member(rule, reflection->GetEnumValue(message, field));
        case FieldDescriptor::CPPTYPE_STRING:
            if (reflection->HasField(message, field)) {
                return std::nullopt;
            }
            break;
        default:
            return std::nullopt;
    }
    return rule.is_required ? std::optional(rule.where + " was not set") : std::nullopt;
}

template <typename Kind>
std::optional<std::string> parse(std::string_view frame, Kind& message) {
    const bool fits = frame.size() <= std::numeric_limits<int>::max();
    if (!fits || !message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
        return std::to_string(frame.size()) + " bytes are not a " +
               std::string(Kind::descriptor()->name());
    }
    message.DiscardUnknownFields();
    return std::nullopt;
}

template <typename Kind>
std::optional<std::string> check_version(const Kind& message) {
    if (message.schema_version() == kSchemaVersion) {
        return std::nullopt;
    }
    return Kind::descriptor()->name() + " has schema version " +
           std::to_string(message.schema_version()) + ", this program knows " +
           std::to_string(kSchemaVersion);
}

}  // namespace

std::optional<std::string> refusal_of(Message& message) {
    for (const FieldRule& rule : rules_of(message.GetDescriptor())) {
        if (auto problem = check_field(rule, message)) {
            return problem;
        }
    }
    return std::nullopt;
}

DeliveryFrame decode_delivery(std::string_view frame) {
    ReadDelivery read;
    v1::Delivery& delivery = read.delivery;
    if (auto problem = parse(frame, delivery)) {
        return Unreadable{std::move(*problem)};
    }
    if (auto problem = check_version(delivery)) {
        return UnsupportedVersion{std::move(*problem), delivery.alert_id(), delivery.attempt()};
    }
    // The alert apart from its envelope, which can be answered whatever the alert holds.
    v1::Alert alert;
    const bool has_alert = delivery.has_alert();
    alert.Swap(delivery.mutable_alert());
    delivery.clear_alert();
    if (auto problem = refusal_of(delivery)) {
        return Unreadable{std::move(*problem)};
    }
    if (auto problem = has_alert ? refusal_of(alert) : "Delivery.alert was not set") {
        if (delivery.mode() != v1::MODE_VOID) {
            read.refusal = std::move(*problem);
        }
        return read;
    }
    delivery.mutable_alert()->Swap(&alert);
    return read;
}

ReplyFrame decode_reply(std::string_view frame) {
    v1::CommandReply reply;
    if (auto problem = parse(frame, reply)) {
        return Unreadable{std::move(*problem)};
    }
    if (auto problem = check_version(reply)) {
        return UnsupportedVersion{std::move(*problem), {}, 0};
    }
    if (auto problem = refusal_of(reply)) {
        return Unreadable{std::move(*problem)};
    }
    return reply;
}

std::string encode(const google::protobuf::MessageLite& message) {
    return message.SerializeAsString();
}

}  // namespace alertwire
