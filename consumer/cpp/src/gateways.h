// The sockets to the gateways: one DEALER each, so that a reply tells which of them sent it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <zmq.hpp>

#include "alertwire/v1/command.pb.h"
#include "bus.h"

namespace alertwire {

class Gateways {
public:
    // Connects to the default gateway. Throws ConfigurationError.
    Gateways(Bus& bus, const std::string& commands_endpoint);

    // Connects to those that are new or elsewhere now, and leaves those that are gone; `endpoints`
    // by name. Throws ConfigurationError; then all stays as it was.
    void use(const std::map<std::string, std::string>& endpoints);

    // Sends without waiting; false where that gateway cannot take it now.
    [[nodiscard]] bool send(const std::string& name, const v1::OrderCommand& command);

    void append_to(std::vector<zmq::pollitem_t>& items);
    // Hands on what came from every gateway: its name and the frame.
    void drain_all(const std::function<void(const std::string&, std::string_view)>& take);

    // Lets what is still to be sent leave while the sockets close.
    void linger(std::chrono::milliseconds time);

private:
    Bus& bus_;
    std::map<std::string, std::shared_ptr<Connection>> dealers_;
};

}  // namespace alertwire
