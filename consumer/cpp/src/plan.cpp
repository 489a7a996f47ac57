#include "plan.h"

#include <algorithm>

#include "decimal.h"
#include "decode.h"
#include "text.h"

namespace alertwire {
namespace {

const Account kOnlyAccount{"", "1", std::string(kDefaultGateway)};
const Route kNoRoute{};

const Account* find_account(const std::vector<Account>& accounts, const std::string& id) {
    const auto found = std::ranges::find(accounts, id, &Account::id);
    return found == accounts.end() ? nullptr : &*found;
}

// The accounts to trade, each once; the only one that the broker manages has no id.
std::variant<std::vector<Account>, Refused> accounts_of(const v1::Alert& alert,
                                                        const Route& route) {
    if (alert.accounts().empty()) {
        return route.accounts.empty() ? std::vector{kOnlyAccount} : route.accounts;
    }
    std::vector<Account> chosen;
    for (const std::string& id : alert.accounts()) {
        const Account* allowed = find_account(route.accounts, id);
        if (allowed == nullptr && !route.accounts.empty()) {
            return Refused{"account " + id + " is not among those of route " +
                           in_quotes(alert.route())};
        }
        if (find_account(chosen, id) == nullptr) {
            chosen.push_back(allowed != nullptr
                                 ? *allowed
                                 : Account{id, kOnlyAccount.multiplier, kOnlyAccount.gateway});
        }
    }
    return chosen;
}

v1::OrderCommand envelope(const v1::Delivery& delivery, v1::Mode mode) {
    v1::OrderCommand command;
    command.set_schema_version(kSchemaVersion);
    command.set_stream_id(delivery.stream_id());
    command.set_alert_id(delivery.alert_id());
    command.set_command_id(delivery.alert_id());
    command.set_key(delivery.key());
    command.set_seq(delivery.seq());
    command.set_mode(mode);
    *command.mutable_trace() = delivery.trace();
    return command;
}

// What a command says of the trade, whether it is to be made or voided.
void name_trade(const v1::Alert& alert, v1::OrderCommand& command) {
    command.set_strategy(alert.strategy());
    *command.mutable_instrument() = alert.instrument();
    command.set_action(alert.action());
    if (alert.has_sizing()) {
        *command.mutable_sizing() = alert.sizing();
    }
}

v1::OrderCommand command_for(const v1::Delivery& delivery) {
    const v1::Alert& alert = delivery.alert();
    v1::OrderCommand command = envelope(delivery, v1::MODE_EXECUTE);
    name_trade(alert, command);
    if (delivery.has_not_after()) {
        *command.mutable_not_after() = delivery.not_after();
    }
    if (alert.has_entry()) {
        *command.mutable_entry() = alert.entry();
    }
    *command.mutable_take_profits() = alert.take_profits();
    if (alert.has_stop_loss()) {
        *command.mutable_stop_loss() = alert.stop_loss();
    }
    command.set_time_in_force(alert.time_in_force());
    if (alert.has_good_till()) {
        *command.mutable_good_till() = alert.good_till();
    }
    if (alert.has_good_after()) {
        *command.mutable_good_after() = alert.good_after();
    }
    command.set_outside_rth(alert.outside_rth());
    command.set_cancel_working_first(alert.cancel_working_first());
    command.set_order_id(alert.order_id());
    command.set_closes(alert.closes());
    command.set_scope(alert.scope());
    command.set_route(alert.route());
    if (alert.has_position()) {
        *command.mutable_position() = alert.position();
    }
    if (alert.has_price()) {
        *command.mutable_price() = alert.price();
    }
    return command;
}

std::vector<std::string> everywhere(const Routes& routes) {
    std::vector<std::string> names{std::string(kDefaultGateway)};
    for (const auto& [name, endpoint] : routes.gateways) {
        names.push_back(name);
    }
    return names;
}

}  // namespace

std::variant<Planned, Refused> plan(const v1::Delivery& delivery, const Routes& routes) {
    const v1::Alert& alert = delivery.alert();
    const auto route = routes.by_name.find(alert.route());
    if (route == routes.by_name.end()) {
        return Refused{"route " + in_quotes(alert.route()) +
                       " is not in this executor's configuration; producer and executors must "
                       "read the same alertwire.toml"};
    }
    auto accounts = accounts_of(alert, route->second);
    if (auto* refused = std::get_if<Refused>(&accounts)) {
        return std::move(*refused);
    }
    const v1::OrderCommand command = command_for(delivery);
    Planned planned;
    for (const Account& account : std::get<std::vector<Account>>(accounts)) {
        Addressed& next = planned.emplace_back(Addressed{account.gateway, command});
        next.command.set_command_id(delivery.alert_id() + "-" + std::to_string(planned.size()));
        next.command.set_account(account.id);
        if (!is_one(account.multiplier)) {
            next.command.mutable_multiplier()->set_value(account.multiplier);
        }
    }
    return planned;
}

Planned void_commands(const v1::Delivery& delivery, const Routes& routes) {
    v1::OrderCommand command = envelope(delivery, v1::MODE_VOID);
    Planned planned;
    if (!delivery.has_alert()) {
        for (const std::string& gateway : everywhere(routes)) {
            planned.push_back({gateway, command});
        }
        return planned;
    }
    const v1::Alert& alert = delivery.alert();
    name_trade(alert, command);
    const auto route = routes.by_name.find(alert.route());
    const bool is_known = route != routes.by_name.end();
    const auto accounts = accounts_of(alert, is_known ? route->second : kNoRoute);
    const auto* chosen = std::get_if<std::vector<Account>>(&accounts);
    if (!is_known || chosen == nullptr) {
        // Whose accounts they are is not known; which one the alert was for, it may say itself.
        const auto& named = alert.accounts();
        if (!named.empty() &&
            std::ranges::all_of(named, [&](const std::string& id) { return id == named.Get(0); })) {
            command.set_account(named.Get(0));
        }
        for (const std::string& gateway : everywhere(routes)) {
            planned.push_back({gateway, command});
        }
        return planned;
    }
    for (const Account& account : *chosen) {
        const auto same = std::ranges::find(planned, account.gateway, &Addressed::gateway);
        if (same == planned.end()) {
            planned.push_back({account.gateway, command});
            planned.back().command.set_account(account.id);
        } else {
            same->command.clear_account();
        }
    }
    return planned;
}

}  // namespace alertwire
