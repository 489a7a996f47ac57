#include "executor.h"

#include <gtest/gtest.h>

#include "deliveries.h"

namespace alertwire::testing {
namespace {

class HandClock final : public Clock {
public:
    [[nodiscard]] WallTime now() const override { return WallTime{std::chrono::seconds{1}}; }
    [[nodiscard]] Instant instant() const override { return Instant{} + passed; }

    std::chrono::milliseconds passed{10'000};
};

class ExecutorTest : public ::testing::Test {
protected:
    Executor make(const std::string& toml = "") {
        return {"consumer-test",
                read_routes(toml, "alertwire.toml"),
                clock_,
                log_,
                {[this](const v1::Ack& ack) {
                     acks_.push_back(ack);
                     return is_heard_;
                 },
                 [this](const std::string& gateway, const v1::OrderCommand& command) {
                     commands_.push_back({gateway, command});
                     return gateway != unreachable_;
                 }}};
    }

    static void give(Executor& executor, const v1::Delivery& given) {
        executor.take_delivery(encode(given));
    }

    [[nodiscard]] const v1::Ack& last() const { return acks_.back(); }

    HandClock clock_;
    std::vector<std::string> lines_;
    Logger log_{Level::kDebug, LogForm::kJson, {}, [this](std::string line) {
                    lines_.push_back(std::move(line));
                }};
    std::vector<v1::Ack> acks_;
    Planned commands_;
    std::string unreachable_ = "nobody";
    bool is_heard_ = true;
};

constexpr const char* kTwoGateways = R"(
    [gateways.second]
    commands_endpoint = "tcp://127.0.0.1:5567"
    [routes.default]
    accounts = [{id = "DU1", gateway = "second"}, {id = "DU2"}]
)";

TEST_F(ExecutorTest, CarriesAnAlertFromReceivedToDecided) {
    Executor executor = make();
    give(executor, delivery());

    ASSERT_EQ(acks_.size(), 1U);
    EXPECT_EQ(last().kind(), v1::ACK_KIND_RECEIVED);
    EXPECT_EQ(last().free_slots(), kSlots);
    ASSERT_EQ(commands_.size(), 1U);
    EXPECT_EQ(commands_[0].command.command_id(), "ALERT-1");
    EXPECT_EQ(commands_[0].command.trace().stamps(0).stage(), v1::STAGE_PULLED);
    EXPECT_EQ(commands_[0].command.trace().stamps(1).stage(), v1::STAGE_COMMANDED);

    executor.take_reply("", encode(reply("ALERT-1", v1::OUTCOME_ACCEPTED, "placed")));

    EXPECT_EQ(last().kind(), v1::ACK_KIND_DECIDED);
    EXPECT_EQ(last().outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(last().detail(), "placed");
    EXPECT_EQ(executor.in_hand(), 0U);
}

TEST_F(ExecutorTest, WaitsForEveryAccountAndTellsTheWorstThatMatters) {
    Executor executor = make(kTwoGateways);
    give(executor, delivery());
    executor.take_reply("second", encode(reply("ALERT-1", v1::OUTCOME_REJECTED, "no money")));
    ASSERT_EQ(acks_.size(), 1U);

    executor.take_reply("", encode(reply("ALERT-2", v1::OUTCOME_ACCEPTED)));

    EXPECT_EQ(last().outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_EQ(last().detail(), "no money");
    EXPECT_EQ(last().commands_size(), 2);
}

TEST_F(ExecutorTest, TakesAReplyOnlyFromTheGatewayThatWasAsked) {
    Executor executor = make(kTwoGateways);
    give(executor, delivery());
    executor.take_reply("", encode(reply("ALERT-1")));
    executor.take_reply("", encode(reply("ALERT-2")));

    EXPECT_EQ(executor.in_hand(), 1U);
}

TEST_F(ExecutorTest, VoidsAtEveryGatewayAndWaitsForEach) {
    Executor executor = make(kTwoGateways);
    v1::Delivery given = delivery();
    given.set_mode(v1::MODE_VOID);
    give(executor, given);

    ASSERT_EQ(commands_.size(), 2U);
    executor.take_reply("second", encode(reply("ALERT", v1::OUTCOME_VOIDED)));
    EXPECT_EQ(executor.in_hand(), 1U);
    executor.take_reply("", encode(reply("ALERT", v1::OUTCOME_VOIDED)));
    EXPECT_EQ(last().outcome(), v1::OUTCOME_VOIDED);
}

TEST_F(ExecutorTest, VoidsWhatItCannotReadAndSaysWhy) {
    Executor executor = make();
    v1::Delivery given = delivery();
    given.mutable_alert()->clear_action();
    give(executor, given);

    ASSERT_EQ(commands_.size(), 1U);
    EXPECT_EQ(commands_[0].command.mode(), v1::MODE_VOID);
    executor.take_reply("", encode(reply("ALERT", v1::OUTCOME_VOIDED)));
    EXPECT_EQ(last().outcome(), v1::OUTCOME_REJECTED);
    EXPECT_EQ(last().detail(), "the alert cannot be read: Alert.action was not set");
}

TEST_F(ExecutorTest, KeepsTheOutcomeOfARefusedAlertThatWasCarriedOutBefore) {
    Executor executor = make("[routes.other]");
    give(executor, delivery());
    executor.take_reply("", encode(reply("ALERT", v1::OUTCOME_ACCEPTED)));

    EXPECT_EQ(last().outcome(), v1::OUTCOME_ACCEPTED);
}

TEST_F(ExecutorTest, HandsBackWhatAGatewayDidNotDecide) {
    Executor executor = make();
    give(executor, delivery());
    executor.take_reply("", encode(reply("ALERT-1", v1::OUTCOME_UNSPECIFIED, "no broker")));

    EXPECT_EQ(last().kind(), v1::ACK_KIND_RETRY);
    EXPECT_EQ(last().detail(), "no broker");
    EXPECT_EQ(executor.in_hand(), 0U);
}

TEST_F(ExecutorTest, SendsToTheOtherGatewaysWhereOneCannotBeReached) {
    Executor executor = make(kTwoGateways);
    unreachable_ = "second";
    give(executor, delivery());

    EXPECT_EQ(commands_.size(), 2U);
    EXPECT_EQ(last().kind(), v1::ACK_KIND_RETRY);
    EXPECT_EQ(last().detail(), "gateway 'second' cannot be reached");
    EXPECT_EQ(executor.in_hand(), 0U);
}

TEST_F(ExecutorTest, HandsBackAfterEightSecondsOfSilence) {
    Executor executor = make(kTwoGateways);
    give(executor, delivery());
    executor.take_reply("second", encode(reply("ALERT-1")));
    clock_.passed += kGatewayTimeout - std::chrono::milliseconds{1};
    executor.tick();
    ASSERT_EQ(executor.in_hand(), 1U);
    clock_.passed += std::chrono::milliseconds{1};
    executor.tick();

    EXPECT_EQ(executor.in_hand(), 0U);
    EXPECT_EQ(last().kind(), v1::ACK_KIND_RETRY);
    EXPECT_EQ(last().detail(), "the gateway did not answer within 8 s");
}

TEST_F(ExecutorTest, ReplacesWhatItHasInHandByALaterDelivery) {
    Executor executor = make();
    give(executor, delivery());
    v1::Delivery again = delivery();
    again.set_attempt(2);
    give(executor, again);
    EXPECT_EQ(commands_.size(), 2U);
    executor.take_reply("", encode(reply("ALERT-1")));

    EXPECT_EQ(last().kind(), v1::ACK_KIND_DECIDED);
    EXPECT_EQ(last().attempt(), 2U);
    EXPECT_EQ(executor.in_hand(), 0U);
}

TEST_F(ExecutorTest, AnswersAnUnknownVersionWithRetry) {
    Executor executor = make();
    v1::Delivery given = delivery();
    given.set_schema_version(7);
    give(executor, given);

    EXPECT_EQ(last().kind(), v1::ACK_KIND_RETRY);
    EXPECT_TRUE(commands_.empty());
}

TEST_F(ExecutorTest, DropsWhatItCannotAnswerAndSaysSo) {
    Executor executor = make();
    executor.take_delivery("\xff\xff\xff");
    executor.take_reply("", "\xff\xff\xff");

    EXPECT_TRUE(acks_.empty());
    ASSERT_EQ(lines_.size(), 2U);
    EXPECT_NE(lines_[0].find("delivery_unreadable"), std::string::npos);
    EXPECT_NE(lines_[1].find("reply_unreadable"), std::string::npos);
}

TEST_F(ExecutorTest, BeatsEveryHalfSecondWithItsFreeSlots) {
    Executor executor = make();
    executor.tick();
    executor.tick();
    ASSERT_EQ(acks_.size(), 1U);
    EXPECT_EQ(last().kind(), v1::ACK_KIND_HEARTBEAT);
    EXPECT_EQ(last().free_slots(), kSlots);
    EXPECT_EQ(executor.until_tick(), kHeartbeat);

    give(executor, delivery());
    clock_.passed += kHeartbeat;
    executor.tick();
    EXPECT_EQ(last().free_slots(), kSlots - 1);

    executor.stop();
    clock_.passed += kHeartbeat;
    executor.tick();
    EXPECT_EQ(last().free_slots(), 0U);
}

TEST_F(ExecutorTest, TriesAHeartbeatThatNobodyTookAgainSoon) {
    is_heard_ = false;
    Executor executor = make();
    executor.tick();
    EXPECT_EQ(executor.until_tick(), kUnheard);

    is_heard_ = true;
    clock_.passed += kUnheard;
    executor.tick();
    EXPECT_EQ(acks_.size(), 2U);
    EXPECT_EQ(executor.until_tick(), kHeartbeat);
}

TEST_F(ExecutorTest, HasNoFreeSlotsBelowZero) {
    Executor executor = make();
    for (std::uint32_t number = 0; number <= kSlots; ++number) {
        v1::Delivery given = delivery();
        given.set_alert_id("ALERT" + std::to_string(number));
        give(executor, given);
    }
    executor.tick();

    EXPECT_EQ(last().free_slots(), 0U);
}

}  // namespace
}  // namespace alertwire::testing
