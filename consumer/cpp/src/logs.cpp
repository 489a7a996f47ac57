#include "logs.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace alertwire {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kProcess = "consumer";
constexpr std::string_view kRedacted = "[redacted]";
// Shorter values would blot out ordinary words.
constexpr std::size_t kSecretLengthMin = 4;

constexpr std::array<std::string_view, 5> kLevelNames{"debug", "info", "warning", "error",
                                                      "critical"};

std::string_view name_of(Level level) { return kLevelNames.at(static_cast<std::size_t>(level)); }

// The time as 2026-11-20T14:30:01.250000Z.
std::string timestamp() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - seconds);
    const auto since_epoch = static_cast<std::time_t>(seconds.count());
    std::tm date{};
    gmtime_r(&since_epoch, &date);
    std::array<char, 32> day{};
    std::array<char, 16> fraction{};
    std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &date);
    std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(micros.count()));
    return std::string(day.data()) + fraction.data();
}

// What is no UTF-8 becomes U+FFFD: a sender's text may hold anything.
std::string dumped(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const LogValue& value) {
    return std::visit([](const auto& held) { return Json(held); }, value);
}

std::string as_json(Level level, std::string_view event, const LogFields& fields) {
    Json line = Json::object();
    for (const auto& [name, value] : fields) {
        line[std::string(name)] = json_of(value);
    }
    line["process"] = kProcess;
    line["event"] = event;
    line["level"] = name_of(level);
    line["at"] = timestamp();
    return dumped(line);
}

std::string as_text(Level level, std::string_view event, const LogFields& fields) {
    std::string line = timestamp() + " [" + std::string(name_of(level)) + "] " + std::string(event);
    for (const auto& [name, value] : fields) {
        line.append(" ").append(name).append("=").append(dumped(json_of(value)));
    }
    return line;
}

}  // namespace

Logger::Logger(Level least, LogForm form, std::vector<std::string> secrets, Write write)
    : least_(least), form_(form), secrets_(std::move(secrets)), write_(std::move(write)) {
    std::erase_if(secrets_, [](const std::string& one) { return one.size() < kSecretLengthMin; });
}

void Logger::debug(std::string_view event, LogFields fields) const {
    log(Level::kDebug, event, std::move(fields));
}
void Logger::info(std::string_view event, LogFields fields) const {
    log(Level::kInfo, event, std::move(fields));
}
void Logger::warning(std::string_view event, LogFields fields) const {
    log(Level::kWarning, event, std::move(fields));
}
void Logger::error(std::string_view event, LogFields fields) const {
    log(Level::kError, event, std::move(fields));
}
void Logger::critical(std::string_view event, LogFields fields) const {
    log(Level::kCritical, event, std::move(fields));
}

void Logger::log(Level level, std::string_view event, LogFields fields) const {
    if (level < least_) {
        return;
    }
    const auto redact = [this](std::string& text) {
        for (const std::string& secret : secrets_) {
            for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
                text.replace(at, secret.size(), kRedacted);
                at += kRedacted.size();
            }
        }
    };
    for (auto& [name, value] : fields) {
        if (auto* text = std::get_if<std::string>(&value)) {
            redact(*text);
        } else if (auto* texts = std::get_if<std::vector<std::string>>(&value)) {
            std::ranges::for_each(*texts, redact);
        }
    }
    write_(form_ == LogForm::kJson ? as_json(level, event, fields) : as_text(level, event, fields));
}

}  // namespace alertwire
