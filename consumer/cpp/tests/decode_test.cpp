#include "decode.h"

#include <gtest/gtest.h>

#include "deliveries.h"

namespace alertwire::testing {
namespace {

std::string refusal(const v1::Delivery& given) {
    return std::get<ReadDelivery>(decode_delivery(encode(given))).refusal;
}

std::string unreadable(const v1::Delivery& given) {
    return std::get<Unreadable>(decode_delivery(encode(given))).reason;
}

TEST(Decode, ReadsAWholeDelivery) { EXPECT_EQ(refusal(delivery()), ""); }

TEST(Decode, NamesTheFieldOfAnAlertThatIsMissing) {
    v1::Delivery given = delivery();
    given.mutable_alert()->clear_action();
    EXPECT_EQ(refusal(given), "Alert.action was not set");

    given = delivery();
    given.mutable_alert()->clear_instrument();
    EXPECT_EQ(refusal(given), "Alert.instrument was not set");

    given = delivery();
    given.mutable_alert()->clear_time_in_force();
    EXPECT_EQ(refusal(given), "Alert.time_in_force was not set");
}

TEST(Decode, RefusesMembersThatItDoesNotKnowAlsoWhereNoneIsNeeded) {
    v1::Delivery given = delivery();
    given.mutable_alert()->set_closes(static_cast<v1::MarketPosition>(99));
    EXPECT_EQ(refusal(given), "Alert.closes was 99, which is not known here");
}

TEST(Decode, RefusesWhatIsNoDecimalWhereverItStands) {
    v1::Delivery given = delivery();
    given.mutable_alert()->mutable_stop_loss()->mutable_price()->set_value("1e5");
    EXPECT_EQ(refusal(given), "StopLoss.price: '1e5' is not a decimal number such as 12.5");

    given = delivery();
    given.mutable_alert()->add_take_profits()->mutable_percent();
    EXPECT_EQ(refusal(given), "TakeProfit.percent: '' is not a decimal number such as 12.5");
}

TEST(Decode, ReadsTheEnvelopeOfAnAlertThatItRefuses) {
    v1::Delivery given = delivery();
    given.mutable_alert()->clear_action();
    const auto read = std::get<ReadDelivery>(decode_delivery(encode(given)));

    EXPECT_EQ(read.delivery.alert_id(), "ALERT");
    EXPECT_FALSE(read.delivery.has_alert());
}

TEST(Decode, HandlesAVoidByItsEnvelopeAlone) {
    v1::Delivery given = delivery();
    given.set_mode(v1::MODE_VOID);
    given.mutable_alert()->clear_action();

    EXPECT_EQ(refusal(given), "");
}

TEST(Decode, RefusesAnEnvelopeThatNobodyCouldAnswer) {
    v1::Delivery given = delivery();
    given.clear_alert_id();
    EXPECT_EQ(unreadable(given), "Delivery.alert_id was not set");

    given = delivery();
    given.clear_mode();
    EXPECT_EQ(unreadable(given), "Delivery.mode was not set");

    given = delivery();
    given.mutable_trace()->add_stamps()->set_stage(v1::STAGE_PUSHED);
    EXPECT_EQ(unreadable(given), "Stamp.at was not set");
}

TEST(Decode, AnswersAnUnknownVersionWhateverElseItHolds) {
    v1::Delivery given = delivery();
    given.set_schema_version(2);
    given.clear_mode();
    const auto read = std::get<UnsupportedVersion>(decode_delivery(encode(given)));

    EXPECT_EQ(read.alert_id, "ALERT");
    EXPECT_EQ(read.attempt, 1U);
    EXPECT_EQ(read.reason, "Delivery has schema version 2, this program knows 1");
}

TEST(Decode, PassesTimesOnToTheMicrosecond) {
    v1::Delivery given = delivery();
    given.mutable_not_after()->set_seconds(10);
    given.mutable_not_after()->set_nanos(-1);
    const auto read = std::get<ReadDelivery>(decode_delivery(encode(given))).delivery;

    EXPECT_EQ(read.not_after().seconds(), 9);
    EXPECT_EQ(read.not_after().nanos(), 999'999'000);
}

TEST(Decode, RefusesATimeThatIsNoDate) {
    v1::Delivery given = delivery();
    given.mutable_not_after()->set_seconds(std::numeric_limits<std::int64_t>::max());
    given.mutable_not_after()->set_nanos(std::numeric_limits<std::int32_t>::max());
    EXPECT_NE(unreadable(given).find("is not a date"), std::string::npos);

    given.mutable_not_after()->set_seconds(std::numeric_limits<std::int64_t>::min());
    given.mutable_not_after()->set_nanos(std::numeric_limits<std::int32_t>::min());
    EXPECT_NE(unreadable(given).find("is not a date"), std::string::npos);
}

TEST(Decode, LeavesOutFieldsThatItDoesNotKnow) {
    v1::Delivery given = delivery();
    given.GetReflection()->MutableUnknownFields(given.mutable_alert())->AddVarint(999, 1);
    const auto read = std::get<ReadDelivery>(decode_delivery(encode(given))).delivery;

    EXPECT_EQ(encode(read), encode(delivery()));
}

TEST(Decode, RefusesAReplyWithoutACommand) {
    EXPECT_TRUE(std::holds_alternative<Unreadable>(decode_reply(encode(reply("")))));
    EXPECT_TRUE(std::holds_alternative<Unreadable>(decode_reply("\xff\xff")));
    EXPECT_TRUE(std::holds_alternative<v1::CommandReply>(decode_reply(encode(reply("ALERT-1")))));
}

}  // namespace
}  // namespace alertwire::testing
