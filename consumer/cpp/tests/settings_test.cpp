#include "settings.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "faults.h"
#include "folder.h"

namespace alertwire::testing {
namespace {

std::string refusal(const Environment& given) {
    try {
        (void)load_settings(given);
    } catch (const ConfigurationError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Settings, HaveTheDefaultsOfEveryProcess) {
    const Settings settings = load_settings({{"ALERTWIRE_ACKS_ENDPOINT", ""}, {"PATH", "/bin"}});

    EXPECT_EQ(settings.alerts_endpoint, "tcp://127.0.0.1:5555");
    EXPECT_EQ(settings.acks_endpoint, "tcp://127.0.0.1:5556");
    EXPECT_EQ(settings.commands_endpoint, "tcp://127.0.0.1:5557");
    EXPECT_EQ(settings.health_port, 0);
    EXPECT_EQ(settings.config, "./alertwire.toml");
}

TEST(Settings, NameEveryProblemAtOnce) {
    EXPECT_EQ(refusal({{"ALERTWIRE_HOEM", "x"}, {"ALERTWIRE_CONSUMER_HEALTH_PORT", "65536"}}),
              "ALERTWIRE_HOEM is not a setting: did you mean ALERTWIRE_HOME?; "
              "ALERTWIRE_CONSUMER_HEALTH_PORT is wrong: it must be a port from 0 to 65535");
    EXPECT_EQ(refusal({{"ALERTWIRE_NOTHING_LIKE_IT", "1"}}),
              "ALERTWIRE_NOTHING_LIKE_IT is not a setting: see docs/configuration.md");
    EXPECT_EQ(refusal({{"alertwire_home", "x"}}),
              "alertwire_home is not a setting: did you mean ALERTWIRE_HOME?");
    EXPECT_NE(refusal({{"ALERTWIRE_LOG_LEVEL", "loud"}}), "accepted");
    EXPECT_NE(refusal({{"ALERTWIRE_LOG_FORMAT", "xml"}}), "accepted");
}

TEST(Settings, KnowSettingsOfOtherProcesses) {
    EXPECT_EQ(refusal({{"ALERTWIRE_IB_PORT", "4002"}, {"ALERTWIRE_LOG_LEVEL", "DEBUG"}}),
              "accepted");
}

TEST(Settings, CollectSecretsAndThePasswordsWithin) {
    const Folder folder;
    const auto file = folder.write("token", " in-a-file\n", std::filesystem::perms::owner_read);
    const Settings settings =
        load_settings({{"ALERTWIRE_JOURNAL_URL", "postgresql://me:pass%2Fword@host/db"},
                       {"ALERTWIRE_WEBHOOK_TOKEN_FILE", file.string()}});
    const auto has = [&settings](const std::string& secret) {
        return std::ranges::find(settings.secrets, secret) != settings.secrets.end();
    };

    EXPECT_TRUE(has("in-a-file"));
    EXPECT_TRUE(has("pass%2Fword"));
    EXPECT_TRUE(has("pass/word"));
}

TEST(Settings, RefuseASecretGivenTwiceOrMissing) {
    EXPECT_NE(refusal({{"ALERTWIRE_WEBHOOK_TOKEN_FILE", "/nowhere"}}).find("cannot be read"),
              std::string::npos);
    EXPECT_NE(refusal({{"ALERTWIRE_WEBHOOK_TOKEN", "x"}, {"ALERTWIRE_WEBHOOK_TOKEN_FILE", "/x"}})
                  .find("are both set: keep one"),
              std::string::npos);
}

TEST(Dotenv, IsReadAsOthersReadIt) {
    const Environment read = read_dotenv(
        "# a comment\n"
        "A=1\n"
        "export B = two words  # and a comment\r\n"
        "C='${A}'\n"
        "D=\"line\\n${A}${NOT_SET:-x}${NOT_SET}\" # x\n"
        "E=${OUTER}/${A}$A${1}\n"
        "F= # nothing\n"
        "G=a#b\n"
        "H=it's",
        {{"OUTER", "o"}});

    EXPECT_EQ(read.at("A"), "1");
    EXPECT_EQ(read.at("B"), "two words");
    EXPECT_EQ(read.at("C"), "${A}");
    EXPECT_EQ(read.at("D"), "line\n1x");
    EXPECT_EQ(read.at("E"), "o/1$A${1}");
    EXPECT_EQ(read.at("F"), "");
    EXPECT_EQ(read.at("G"), "a#b");
    EXPECT_EQ(read.at("H"), "it's");
}

TEST(Dotenv, NamesTheLineThatIsNoAssignment) {
    for (const std::string line :
         {"ALERTWIRE_HOME", "A B=1", "A='open", "A='x'y", "A: 1", "1A=1", "=1"}) {
        try {
            (void)read_dotenv("B=1\n" + line + "\n", {});
            ADD_FAILURE() << line;
        } catch (const ConfigurationError& error) {
            EXPECT_TRUE(std::string(error.what()).starts_with(".env: line 2 ")) << error.what();
        }
    }
}

}  // namespace
}  // namespace alertwire::testing
