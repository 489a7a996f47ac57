#include "logs.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

namespace alertwire::testing {
namespace {

google::protobuf::Struct line_of(const LogFields& fields, std::vector<std::string> secrets = {}) {
    google::protobuf::Struct read;
    const Logger logger(
        Level::kInfo, LogForm::kJson, std::move(secrets), [&read](std::string line) {
            ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(line, &read).ok()) << line;
        });
    logger.info("alert_decided", fields);
    return read;
}

TEST(Logs, AreJsonWithTheKeysOfEveryProcess) {
    const auto line = line_of({{"alert_id", "A"},
                               {"attempt", 2},
                               {"alarm", true},
                               {"routes", std::vector<std::string>{"a", "b"}}});

    EXPECT_EQ(line.fields().at("event").string_value(), "alert_decided");
    EXPECT_EQ(line.fields().at("level").string_value(), "info");
    EXPECT_EQ(line.fields().at("process").string_value(), "consumer");
    EXPECT_EQ(line.fields().at("attempt").number_value(), 2);
    EXPECT_TRUE(line.fields().at("alarm").bool_value());
    EXPECT_EQ(line.fields().at("routes").list_value().values_size(), 2);
    EXPECT_EQ(line.fields().at("at").string_value().size(),
              std::string("2026-11-20T14:30:01.250000Z").size());
}

TEST(Logs, SurviveWhateverASenderPutIn) {
    const auto line = line_of({{"reason", std::string("\"\\\n\x01 m\xc3\xa4rz \xff\xe2\x82")}});

    EXPECT_EQ(line.fields().at("reason").string_value(),
              "\"\\\n\x01 m\xc3\xa4rz \xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Logs, ShowNoSecret) {
    const auto line =
        line_of({{"reason", "cannot reach pg://me:hunter22@host, hunter22"}}, {"hunter22", "abc"});

    EXPECT_EQ(line.fields().at("reason").string_value(),
              "cannot reach pg://me:[redacted]@host, [redacted]");
}

TEST(Logs, LeaveOutWhatIsBelowTheLevel) {
    int count = 0;
    const Logger logger(Level::kWarning, LogForm::kConsole, {}, [&count](std::string) { ++count; });
    logger.debug("a");
    logger.info("b");
    logger.warning("c");
    logger.error("d");

    EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace alertwire::testing
