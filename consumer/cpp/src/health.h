// /healthz, /readyz and /metrics over HTTP, from a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace alertwire {

class Health {
public:
    using Metrics = std::function<std::string()>;

    // Throws ConfigurationError that names the setting where the port is taken.
    Health(const std::string& host, std::uint16_t port, Metrics metrics);
    Health(const Health&) = delete;
    Health& operator=(const Health&) = delete;
    ~Health();

private:
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace alertwire
