// Frames of every kind into the decoder and the executor behind it. Whatever comes: no crash, and
// nothing is ordered of an alert that could not be read.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "decode.h"
#include "executor.h"

namespace {

using alertwire::v1::OrderCommand;

void check(const OrderCommand& command) {
    OrderCommand read;
    // What leaves must be as strict as what may enter.
    if (!read.ParseFromString(alertwire::encode(command)) || alertwire::refusal_of(read)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view frame(reinterpret_cast<const char*>(data), size);
    const alertwire::SystemClock clock;
    const alertwire::Logger logger(alertwire::Level::kCritical, alertwire::LogForm::kJson, {},
                                   [](std::string) {});
    alertwire::Executor executor(
        "fuzz", alertwire::Routes{{{"default", {}}}, {{"second", "ipc:///second"}}}, clock, logger,
        {[](const alertwire::v1::Ack&) { return true; },
         [](const std::string&, const OrderCommand& command) {
             check(command);
             return true;
         }});
    executor.take_delivery(frame);
    executor.take_reply("", frame);
    return 0;
}
