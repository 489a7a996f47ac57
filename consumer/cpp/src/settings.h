// What the environment sets, as far as an executor needs it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "environment.h"
#include "logs.h"

namespace alertwire {

struct Settings {
    std::filesystem::path home;
    std::filesystem::path config;
    std::string alerts_endpoint;
    std::string acks_endpoint;
    std::string commands_endpoint;
    std::string health_host;
    std::uint16_t health_port = 0;
    Level log_level = Level::kInfo;
    LogForm log_form = LogForm::kJson;
    // Every secret in force, and every password within one: what no line may show.
    std::vector<std::string> secrets;

    [[nodiscard]] std::filesystem::path bus_keys() const { return home / "keys" / "bus"; }
};

// Reads the variables. Throws ConfigurationError that names every wrong or unknown one at once.
[[nodiscard]] Settings load_settings(const Environment& given);

}  // namespace alertwire
