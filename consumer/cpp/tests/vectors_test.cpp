// The golden messages and plans of proto/vectors, reproduced.
#include "vectors.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <functional>

#include "alertwire/v1/report.pb.h"
#include "decode.h"
#include "plan.h"

namespace alertwire::testing {
namespace {

using google::protobuf::util::MessageDifferencer;

std::string name_of(const ::testing::TestParamInfo<Vector>& info) { return info.param.name; }

std::unique_ptr<google::protobuf::Message> message_named(const std::string& name) {
    const auto* kind = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
        "alertwire.v1." + name);
    if (kind == nullptr) {
        return nullptr;
    }
    const auto* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(kind);
    return std::unique_ptr<google::protobuf::Message>(prototype->New());
}

// The vectors of a folder whose message passes.
std::vector<Vector> vectors_of(const std::string& folder,
                               const std::function<bool(const std::string& message)>& passes) {
    std::vector<Vector> chosen = vectors_in(folder);
    std::erase_if(chosen, [&](const Vector& each) { return !passes(each.text("message")); });
    return chosen;
}

bool is_linked(const std::string& message) { return message_named(message) != nullptr; }

bool is_read(const std::string& message) {
    return message == "Delivery" || message == "CommandReply";
}

class GoldenMessage : public ::testing::TestWithParam<Vector> {};

TEST_P(GoldenMessage, ReadsTheSameFromJsonAndFromBytes) {
    const auto from_json = message_named(GetParam().text("message"));
    const auto from_bytes = message_named(GetParam().text("message"));
    GetParam().read("json", *from_json);
    auto frame = GetParam().path;
    ASSERT_TRUE(from_bytes->ParseFromString(content_of(frame.replace_extension(".binpb"))));

    EXPECT_EQ(refusal_of(*from_bytes), std::nullopt);
    EXPECT_TRUE(MessageDifferencer::Equals(*from_json, *from_bytes));
}

INSTANTIATE_TEST_SUITE_P(Vectors, GoldenMessage,
                         ::testing::ValuesIn(vectors_of("messages", is_linked)), name_of);

class GoldenPlan : public ::testing::TestWithParam<Vector> {};

TEST_P(GoldenPlan, IsMadeFromItsAlertAndRoute) {
    const Vector& vector = GetParam();
    const Routes routes = routes_of(vector);
    v1::Delivery given;
    vector.read("delivery", given);
    const auto decoded = std::get<ReadDelivery>(decode_delivery(encode(given)));
    ASSERT_EQ(decoded.refusal, "");

    Planned made;
    std::string refused;
    if (decoded.delivery.mode() == v1::MODE_VOID || !decoded.delivery.has_alert()) {
        made = void_commands(decoded.delivery, routes);
    } else if (auto planned = plan(decoded.delivery, routes);
               std::holds_alternative<Refused>(planned)) {
        refused = std::get<Refused>(planned).reason;
        made = void_commands(decoded.delivery, routes);
    } else {
        made = std::get<Planned>(planned);
    }

    EXPECT_EQ(refused, vector.has("refused") ? vector.text("refused") : "");
    const auto& expected = vector.at("commands").list_value().values();
    ASSERT_EQ(made.size(), static_cast<std::size_t>(expected.size()));
    for (int index = 0; index < expected.size(); ++index) {
        const Addressed& each = made[static_cast<std::size_t>(index)];
        v1::OrderCommand command;
        read_json(expected[index], command);
        EXPECT_TRUE(MessageDifferencer::Equivalent(command, each.command))
            << command.DebugString() << "\n--- but made\n"
            << each.command.DebugString();
        EXPECT_EQ(each.gateway,
                  vector.has("gateways")
                      ? vector.at("gateways").list_value().values(index).string_value()
                      : "");
    }
}

INSTANTIATE_TEST_SUITE_P(Vectors, GoldenPlan, ::testing::ValuesIn(vectors_in("plans")), name_of);

class InvalidFrame : public ::testing::TestWithParam<Vector> {};

TEST_P(InvalidFrame, IsRefusedWithAReason) {
    const std::string frame = from_hex(GetParam().text("hex"));
    if (GetParam().text("message") == "CommandReply") {
        EXPECT_FALSE(std::holds_alternative<v1::CommandReply>(decode_reply(frame)));
        return;
    }
    const DeliveryFrame decoded = decode_delivery(frame);
    if (const auto* delivery = std::get_if<ReadDelivery>(&decoded)) {
        EXPECT_NE(delivery->refusal, "");
        EXPECT_FALSE(delivery->delivery.has_alert());
    }
}

INSTANTIATE_TEST_SUITE_P(Vectors, InvalidFrame, ::testing::ValuesIn(vectors_of("invalid", is_read)),
                         name_of);

}  // namespace
}  // namespace alertwire::testing
