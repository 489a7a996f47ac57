// The bus of one process: its ZeroMQ context, and sockets with the options of the delivery
// protocol.
//
// No ZMTP heartbeats: with back-pressure and a killed peer libzmq aborts the survivor (libzmq
// issues 3937, 4364, 4767); heartbeats are messages of ours. One thread owns every socket.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <zmq.hpp>

#include "connection.h"
#include "keys.h"
#include "logs.h"
#include "settings.h"
#include "watch.h"

namespace alertwire {

class Bus {
public:
    Bus(const Settings& settings, const Logger& logger);

    // Makes a socket that connects, now or whenever the other side appears, encrypted for `server`
    // where there are keys. It is closed when its owner forgets it, which is before the bus ends.
    // Throws ConfigurationError that names `setting`.
    [[nodiscard]] std::shared_ptr<Connection> connect(zmq::socket_type kind,
                                                      const std::string& endpoint,
                                                      const std::string& setting,
                                                      const std::string& server);

    // The name under which the public key of a gateway of alertwire.toml is kept: its own, else
    // that of the first gateway.
    [[nodiscard]] std::string server_of_gateway(const std::string& name) const;

    [[nodiscard]] Watch& watch() { return watch_; }

private:
    [[nodiscard]] const std::optional<KeyPair>& pair();

    std::filesystem::path keys_folder_;
    zmq::context_t context_;
    Watch watch_;
    std::optional<std::optional<KeyPair>> pair_;
};

// Sends without waiting; false where nobody can take it now.
[[nodiscard]] bool try_send(zmq::socket_t& socket, std::string_view frame);

// Hands on the frames that are there, a bounded number, without waiting.
void drain(zmq::socket_t& socket, const std::function<void(std::string_view)>& take);

}  // namespace alertwire
