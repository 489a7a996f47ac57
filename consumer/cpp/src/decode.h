// Frames to messages, strictly: what the contract does not know is refused, never guessed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "alertwire/v1/command.pb.h"
#include "alertwire/v1/delivery.pb.h"

namespace alertwire {

inline constexpr std::uint32_t kSchemaVersion = 1;

// Bytes of which nothing can be answered.
struct Unreadable {
    std::string reason;
};

// A message of a schema version that this program does not know.
struct UnsupportedVersion {
    std::string reason;
    std::string alert_id;
    std::uint32_t attempt = 0;
};

// A delivery whose envelope can be read; `refusal` says why its alert cannot, which is then left
// out. A VOID delivery is handled by its envelope and has no refusal.
struct ReadDelivery {
    v1::Delivery delivery;
    std::string refusal;
};

using DeliveryFrame = std::variant<ReadDelivery, UnsupportedVersion, Unreadable>;
using ReplyFrame = std::variant<v1::CommandReply, UnsupportedVersion, Unreadable>;

[[nodiscard]] DeliveryFrame decode_delivery(std::string_view frame);
[[nodiscard]] ReplyFrame decode_reply(std::string_view frame);

// Checks a message against the rules of the contract and puts its values into one form: times exact
// to the microsecond, fields that are not known here left out. Says what is wrong; nothing where
// all is well.
[[nodiscard]] std::optional<std::string> refusal_of(google::protobuf::Message& message);

// Writes a message as one frame.
[[nodiscard]] std::string encode(const google::protobuf::MessageLite& message);

}  // namespace alertwire
