#include "gateways.h"

#include "decode.h"
#include "routes.h"

namespace alertwire {

Gateways::Gateways(Bus& bus, const std::string& commands_endpoint) : bus_(bus) {
    dealers_.emplace(kDefaultGateway, bus.connect(zmq::socket_type::dealer, commands_endpoint,
                                                  "ALERTWIRE_COMMANDS_ENDPOINT", "gateway"));
}

void Gateways::use(const std::map<std::string, std::string>& endpoints) {
    std::map<std::string, std::shared_ptr<Connection>> opened;
    for (const auto& [name, endpoint] : endpoints) {
        const auto known = dealers_.find(name);
        if (known == dealers_.end() || known->second->endpoint() != endpoint) {
            opened.emplace(name, bus_.connect(zmq::socket_type::dealer, endpoint,
                                              "gateways." + name + ".commands_endpoint",
                                              bus_.server_of_gateway(name)));
        }
    }
    std::erase_if(dealers_, [&](const auto& each) {
        const auto& name = each.first;
        return name != kDefaultGateway && (!endpoints.contains(name) || opened.contains(name));
    });
    dealers_.merge(opened);
}

bool Gateways::send(const std::string& name, const v1::OrderCommand& command) {
    const auto dealer = dealers_.find(name);
    return dealer != dealers_.end() && try_send(dealer->second->socket(), encode(command));
}

void Gateways::append_to(std::vector<zmq::pollitem_t>& items) {
    for (auto& [name, dealer] : dealers_) {
        items.push_back({dealer->socket().handle(), 0, ZMQ_POLLIN, 0});
    }
}

void Gateways::drain_all(const std::function<void(const std::string&, std::string_view)>& take) {
    for (auto& each : dealers_) {
        drain(each.second->socket(), [&](std::string_view frame) { take(each.first, frame); });
    }
}

void Gateways::linger(std::chrono::milliseconds time) {
    for (auto& [name, dealer] : dealers_) {
        dealer->socket().set(zmq::sockopt::linger, static_cast<int>(time.count()));
    }
}

}  // namespace alertwire
