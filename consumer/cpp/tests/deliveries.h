// Messages to test with.
#pragma once

#include "alertwire/v1/command.pb.h"
#include "alertwire/v1/delivery.pb.h"
#include "decode.h"

namespace alertwire::testing {

inline v1::Delivery delivery() {
    v1::Delivery made;
    made.set_schema_version(kSchemaVersion);
    made.set_stream_id("5e3c1f0a");
    made.set_alert_id("ALERT");
    made.set_key("ema-cross|AAPL");
    made.set_seq(1);
    made.set_attempt(1);
    made.set_mode(v1::MODE_EXECUTE);
    v1::Alert& alert = *made.mutable_alert();
    alert.set_alert_id("ALERT");
    alert.set_route("default");
    alert.set_strategy("ema-cross");
    alert.mutable_instrument()->set_security_type(v1::SECURITY_TYPE_STOCK);
    alert.mutable_instrument()->set_symbol("AAPL");
    alert.set_action(v1::ACTION_BUY);
    alert.mutable_sizing()->set_type(v1::QUANTITY_TYPE_UNITS);
    alert.mutable_sizing()->mutable_value()->set_value("10");
    alert.set_time_in_force(v1::TIME_IN_FORCE_DAY);
    return made;
}

inline v1::CommandReply reply(const std::string& command_id,
                              v1::Outcome outcome = v1::OUTCOME_ACCEPTED,
                              const std::string& detail = "") {
    v1::CommandReply made;
    made.set_schema_version(kSchemaVersion);
    made.set_command_id(command_id);
    made.set_decided(outcome != v1::OUTCOME_UNSPECIFIED);
    made.set_outcome(outcome);
    made.set_detail(detail);
    return made;
}

}  // namespace alertwire::testing
