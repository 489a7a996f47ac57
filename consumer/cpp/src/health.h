// /healthz, /readyz and /metrics over HTTP, from a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "descriptor.h"

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
    void serve();
    void answer(int connection) const;

    Metrics metrics_;
    Descriptor listener_;
    Descriptor stop_;
    std::thread thread_;
};

// Answers one request by its first line: a whole HTTP response.
[[nodiscard]] std::string health_response(std::string_view request, const Health::Metrics& metrics);

}  // namespace alertwire
