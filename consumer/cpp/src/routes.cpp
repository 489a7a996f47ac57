#include "routes.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "decimal.h"
#include "faults.h"
#include "known_settings.h"
#include "text_file.h"

namespace alertwire {
namespace {

constexpr std::string_view kDefaultRoute = "default";
constexpr std::size_t kNameLengthMax = 64;
constexpr int kMultiplierDigitsMax = 12;
constexpr int kMultiplierPlacesMax = 6;

// Says what is wrong with the file, on which line.
class Reader {
public:
    explicit Reader(const std::filesystem::path& path) : path_(path) {}

    [[noreturn]] void refuse(const toml::node& node, const std::string& where,
                             const std::string& reason) const {
        throw ConfigurationError(path_.string() + ": line " +
                                 std::to_string(node.source().begin.line) + ": " + where + ": " +
                                 reason);
    }

    [[nodiscard]] const toml::table& table(const toml::node& node, const std::string& where) const {
        if (!node.is_table()) {
            refuse(node, where, "must be a table");
        }
        return *node.as_table();
    }

    [[nodiscard]] std::string text(const toml::node& node, const std::string& where) const {
        const auto value = node.value_exact<std::string>();
        if (!value || value->empty()) {
            refuse(node, where, "must be text, and not empty");
        }
        return *value;
    }

    void check_name(const toml::node& node, const std::string& kind, std::string_view name) const {
        const auto is_allowed = [](char sign) {
            return (sign >= '0' && sign <= '9') || (sign >= 'a' && sign <= 'z') ||
                   (sign >= 'A' && sign <= 'Z') || sign == '.' || sign == '_' || sign == '-';
        };
        if (name.empty() || name.size() > kNameLengthMax ||
            !std::ranges::all_of(name, is_allowed)) {
            refuse(node, kind, "a name has 1 to 64 letters, digits, points, hyphens, underscores");
        }
    }

private:
    const std::filesystem::path& path_;
};

// Whole text of a number as it was meant: 0.5 is 0.5, not what a double makes of it.
std::string shortest(double number) {
    std::array<char, 64> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    return error == std::errc{} ? std::string(buffer.data(), end) : std::string();
}

std::size_t places_of(std::string_view decimal) {
    const auto point = decimal.find('.');
    return point == std::string_view::npos ? 0 : decimal.size() - point - 1;
}

std::string read_multiplier(const Reader& reader, const toml::node& node,
                            const std::string& where) {
    std::string given;
    if (const auto text = node.value_exact<std::string>()) {
        // To the letter, as by every program that reads this file.
        given = is_decimal(*text) && places_of(*text) <= kMultiplierPlacesMax ? *text : "";
    } else if (const auto whole = node.value_exact<std::int64_t>()) {
        given = std::to_string(*whole);
    } else if (const auto number = node.value_exact<double>()) {
        given = shortest(*number);
    }
    const auto factor = given.starts_with('-')
                            ? std::nullopt
                            : read_factor(given, kMultiplierDigitsMax, kMultiplierPlacesMax);
    if (!factor) {
        reader.refuse(node, where,
                      "must be a number above 0 with at most 6 digits before the point and 6 "
                      "behind it");
    }
    return *factor;
}

Account read_account(const Reader& reader, const toml::node& node, const std::string& where) {
    if (node.is_string()) {
        return {reader.text(node, where)};
    }
    Account account;
    for (const auto& [key, value] : reader.table(node, where)) {
        const std::string place = where + "." + std::string(key.str());
        if (key == "id") {
            account.id = reader.text(value, place);
        } else if (key == "multiplier") {
            account.multiplier = read_multiplier(reader, value, place);
        } else if (key == "gateway") {
            const auto name = value.value_exact<std::string>();
            if (!name) {
                reader.refuse(value, place, "must be the name of a gateway");
            }
            account.gateway = *name;
        } else {
            reader.refuse(value, place, "is not a setting, see docs/configuration.md");
        }
    }
    if (account.id.empty()) {
        reader.refuse(node, where + ".id", "must be the broker's account id, such as DU1234567");
    }
    return account;
}

Route read_route(const Reader& reader, const toml::node& node, const std::string& where) {
    Route route;
    for (const auto& [key, value] : reader.table(node, where)) {
        // A slip of the finger in `accounts` would trade in another account.
        if (std::ranges::find(kKnownRouteSettings, key.str()) == kKnownRouteSettings.end()) {
            reader.refuse(value, where + "." + std::string(key.str()),
                          "is not a setting, see docs/configuration.md");
        }
    }
    const toml::node* accounts = reader.table(node, where).get("accounts");
    if (accounts == nullptr) {
        return route;
    }
    if (!accounts->is_array()) {
        reader.refuse(*accounts, where + ".accounts", "must be a list");
    }
    std::set<std::string> ids;
    for (const toml::node& each : *accounts->as_array()) {
        route.accounts.push_back(read_account(reader, each, where + ".accounts"));
        if (!ids.insert(route.accounts.back().id).second) {
            reader.refuse(each, where, "accounts names an account twice, which would order twice");
        }
    }
    return route;
}

void read_gateways(const Reader& reader, const toml::table& file, Routes& routes) {
    const toml::node* gateways = file.get("gateways");
    if (gateways == nullptr) {
        return;
    }
    std::set<std::string> endpoints;
    for (const auto& [key, node] : reader.table(*gateways, "gateways")) {
        const std::string name(key.str());
        const std::string where = "gateways." + name + ".commands_endpoint";
        reader.check_name(node, where, name);
        for (const auto& [field, value] : reader.table(node, where)) {
            if (field != "commands_endpoint") {
                reader.refuse(value, "gateways." + name + "." + std::string(field.str()),
                              "is not a setting, see docs/configuration.md");
            }
        }
        const toml::node* endpoint = reader.table(node, where).get("commands_endpoint");
        if (endpoint == nullptr) {
            reader.refuse(node, where, "is missing: say where its ROUTER listens");
        }
        routes.gateways[name] = reader.text(*endpoint, where);
        if (!endpoints.insert(routes.gateways[name]).second) {
            reader.refuse(node, where, "two gateways have the same commands_endpoint");
        }
    }
}

void read_all_routes(const Reader& reader, const toml::table& file, Routes& routes) {
    const toml::node* given = file.get("routes");
    if (given == nullptr) {
        return;
    }
    std::map<std::string, std::string> behind;
    for (const auto& [key, node] : reader.table(*given, "routes")) {
        const std::string name(key.str());
        const std::string where = "routes." + name;
        reader.check_name(node, where, name);
        const Route& route = routes.by_name[name] = read_route(reader, node, where);
        for (const Account& account : route.accounts) {
            if (account.gateway != kDefaultGateway && !routes.gateways.contains(account.gateway)) {
                reader.refuse(node, where,
                              "account " + account.id + " is behind gateway '" + account.gateway +
                                  "', which [gateways] does not name");
            }
            // Only one ledger can keep an account's orders from being placed twice.
            if (behind.try_emplace(account.id, account.gateway).first->second != account.gateway) {
                reader.refuse(node, where,
                              "account " + account.id + " is behind another gateway elsewhere");
            }
        }
    }
}

std::set<std::string> sections_of(const toml::table& file) {
    std::set<std::string> names;
    for (const auto& [section, node] : file) {
        const toml::table* named = node.as_table();
        if (named == nullptr || named->empty()) {
            continue;
        }
        if (section == "limits") {
            names.emplace(section.str());
            continue;
        }
        for (const auto& [name, value] : *named) {
            names.insert(std::string(section.str()).append(".").append(name.str()));
        }
    }
    return names;
}

bool has_routes(const Routes& routes) {
    return std::ranges::any_of(routes.sections,
                               [](const std::string& name) { return name.starts_with("routes."); });
}

}  // namespace

std::string_view lost(const Routes& old, const Routes& fresh) {
    if (has_routes(old) && !has_routes(fresh)) {
        return "has lost all its [routes]; to trade without one, restart";
    }
    if (!old.sections.empty() && fresh.sections.empty()) {
        return "has lost all that it held; to run without, restart";
    }
    return {};
}

Routes read_routes(std::string_view text, const std::filesystem::path& path) {
    Routes routes;
    try {
        const toml::table file = toml::parse(text, path.string());
        const Reader reader(path);
        for (const auto& [key, node] : file) {
            // A slip of the finger in `routes` would trade in the built-in route's place.
            if (std::ranges::find(kKnownFileSettings, key.str()) == kKnownFileSettings.end()) {
                reader.refuse(node, std::string(key.str()),
                              "is not a setting, see docs/configuration.md");
            }
        }
        routes.sections = sections_of(file);
        read_gateways(reader, file, routes);
        read_all_routes(reader, file, routes);
    } catch (const toml::parse_error& error) {
        throw ConfigurationError(path.string() + " cannot be read: line " +
                                 std::to_string(error.source().begin.line) + ": " +
                                 std::string(error.description()));
    }
    if (routes.by_name.empty()) {
        routes.by_name.try_emplace(std::string(kDefaultRoute));
    }
    return routes;
}

Routes load_routes(const std::filesystem::path& path) {
    return read_routes(read_text_file(path).value_or(""), path);
}

}  // namespace alertwire
