// What an executor needs of alertwire.toml: routes with their accounts, and where gateways are.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace alertwire {

// The gateway at ALERTWIRE_COMMANDS_ENDPOINT.
inline constexpr std::string_view kDefaultGateway;

struct Account {
    std::string id;
    // Factor on every size, in the contract's form of a decimal.
    std::string multiplier = "1";
    std::string gateway = std::string(kDefaultGateway);
};

struct Route {
    // Empty: the only account that the broker manages.
    std::vector<Account> accounts;
};

struct Routes {
    std::map<std::string, Route> by_name;
    // Endpoints of the gateways beside the default one, by name.
    std::map<std::string, std::string> gateways;
    // The names of all that the file sets: limits, routes.swing, accounts.U1 and so on.
    std::set<std::string> sections{};
};

// Says what a file lost that nobody takes out on purpose: it is emptied, or half written. Without
// routes there is the built-in one, which trades another account without any rule.
[[nodiscard]] std::string_view lost(const Routes& old, const Routes& fresh);

// Reads the file whole; without one there is the built-in route alone. Settings of other processes
// are passed over. Throws ConfigurationError.
[[nodiscard]] Routes load_routes(const std::filesystem::path& path);

// The same from the file's text; `path` is for messages.
[[nodiscard]] Routes read_routes(std::string_view text, const std::filesystem::path& path);

}  // namespace alertwire
