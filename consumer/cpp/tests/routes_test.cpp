#include "routes.h"

#include <gtest/gtest.h>

#include "faults.h"
#include "folder.h"

namespace alertwire::testing {
namespace {

Routes read(const std::string& text) { return read_routes(text, "alertwire.toml"); }

std::string refusal(const std::string& text) {
    try {
        (void)read(text);
    } catch (const ConfigurationError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Routes, AreTheBuiltInOneWithoutAFile) {
    const Folder folder;
    const Routes routes = load_routes(folder.path() / "none.toml");

    ASSERT_EQ(routes.by_name.size(), 1U);
    EXPECT_TRUE(routes.by_name.at("default").accounts.empty());
}

TEST(Routes, ReadAccountsInTheirOrder) {
    const Routes routes = read(R"(
        [gateways.second]
        commands_endpoint = "tcp://127.0.0.1:5567"
        [routes.one]
        token = "of no concern here"
        accounts = ["DU2", {id = "DU1", multiplier = 0.5, gateway = "second"}]
        limits = {}
        [accounts.DU1]
        [futures.ES]
        roll_days = 4
    )");
    const auto& accounts = routes.by_name.at("one").accounts;

    ASSERT_EQ(accounts.size(), 2U);
    EXPECT_EQ(accounts[0].id, "DU2");
    EXPECT_EQ(accounts[0].multiplier, "1");
    EXPECT_EQ(accounts[1].multiplier, "0.5");
    EXPECT_EQ(accounts[1].gateway, "second");
    EXPECT_EQ(routes.gateways.at("second"), "tcp://127.0.0.1:5567");
}

TEST(Routes, AreRefusedWithTheLine) {
    EXPECT_EQ(refusal("[routes.one]\naccounts = [{id = \"DU1\", multiplyer = 2}]"),
              "alertwire.toml: line 2: routes.one.accounts.multiplyer: is not a setting, see "
              "docs/configuration.md");
    EXPECT_NE(refusal("[routes.one\n").find("alertwire.toml cannot be read: line "),
              std::string::npos);
}

TEST(Routes, RefuseWhatWouldOrderWrongly) {
    for (const char* text : {
             "[routes.one]\naccounts = ['DU1', 'DU1']",
             "[routes.one]\naccounts = [{id = 'DU1', gateway = 'nowhere'}]",
             "[routes.one]\naccounts = [{id = 'DU1', multiplier = 0}]",
             "[routes.one]\naccounts = [{id = 'DU1', multiplier = true}]",
             "[routes.one]\naccounts = [{id = 'DU1', multiplier = nan}]",
             "[routes.one]\naccounts = [{id = ''}]",
             "[routes.one]\naccounts = [{multiplier = 2}]",
             "[routes.one]\naccounts = 'DU1'",
             "[routes.one]\naccount = ['DU1']",
             "[routes.'a b']",
             "routes = 1",
             "[gateways.second]",
             "[gateways.a]\ncommands_endpoint='x'\n[gateways.b]\ncommands_endpoint='x'",
             "[gateways.g]\ncommands_endpoint='x'\n[routes.one]\naccounts=['DU1']\n"
             "[routes.two]\naccounts=[{id='DU1', gateway='g'}]",
         }) {
        EXPECT_NE(refusal(text), "accepted") << text;
    }
}

TEST(Routes, SayWhyAFileCannotBeRead) {
    const Folder folder;
    EXPECT_THROW((void)load_routes(folder.path()), ConfigurationError);
    const auto path = folder.write("a.toml", "[routes.one]\naccounts = ['\xff']",
                                   std::filesystem::perms::owner_all);
    EXPECT_THROW((void)load_routes(path), ConfigurationError);
}

}  // namespace
}  // namespace alertwire::testing
