// From an alert and its route's settings to commands: a pure function, the same in every language.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "alertwire/v1/command.pb.h"
#include "alertwire/v1/delivery.pb.h"
#include "routes.h"

namespace alertwire {

// A command and the gateway that it goes to, by its name in alertwire.toml.
struct Addressed {
    std::string gateway;
    v1::OrderCommand command;
};

using Planned = std::vector<Addressed>;

// Why no command can be made of an alert.
struct Refused {
    std::string reason;
};

// Plans the alert of a delivery that has one: one command per account, numbered from 1 in their
// order, so that planning it again gives the same ids.
[[nodiscard]] std::variant<Planned, Refused> plan(const v1::Delivery& delivery,
                                                  const Routes& routes);

// Makes the commands that see to it that an alert is never carried out, unless it was: one for each
// gateway with an account of the alert, for every gateway where nobody can tell which.
//
// Each says which trade is voided where the alert can be read, so that the close of an entry that
// never came only reduces: in which account, where it is exactly one; an empty one stands for all.
[[nodiscard]] Planned void_commands(const v1::Delivery& delivery, const Routes& routes);

}  // namespace alertwire
