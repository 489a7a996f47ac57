#include "logs.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace alertwire {
namespace {

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

// Length of the UTF-8 sequence at the start of the text; 0 where there is none.
std::size_t sequence_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    if (length > text.size()) {
        return 0;
    }
    const auto follows = [](char byte) { return (static_cast<unsigned char>(byte) >> 6) == 2; };
    return std::ranges::all_of(text.substr(0, length).substr(length > 0 ? 1 : 0), follows) ? length
                                                                                           : 0;
}

void append_json(std::string& line, std::string_view text) {
    line += '"';
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        const char sign = text.front();
        if (length == 0) {
            line += "\\ufffd";
        } else if (sign == '"' || sign == '\\') {
            line += '\\';
            line += sign;
        } else if (sign == '\n') {
            line += "\\n";
        } else if (length == 1 && (sign < ' ' || sign == '\x7f')) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(sign));
            line += escape.data();
        } else {
            line += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    line += '"';
}

class Renderer {
public:
    explicit Renderer(std::string& line) : line_(line) {}

    void operator()(const std::string& text) { append_json(line_, text); }
    void operator()(std::int64_t number) { line_ += std::to_string(number); }
    void operator()(bool is_true) { line_ += is_true ? "true" : "false"; }
    void operator()(const std::vector<std::string>& texts) {
        line_ += '[';
        for (const std::string& text : texts) {
            line_ += line_.ends_with('[') ? "" : ", ";
            append_json(line_, text);
        }
        line_ += ']';
    }

private:
    std::string& line_;
};

std::string as_json(Level level, std::string_view event, const LogFields& fields) {
    std::string line = "{";
    Renderer render(line);
    for (const auto& [name, value] : fields) {
        append_json(line, name);
        line += ": ";
        std::visit(render, value);
        line += ", ";
    }
    line += R"("process": ")" + std::string(kProcess) + R"(", "event": )";
    append_json(line, event);
    line += R"(, "level": ")" + std::string(name_of(level)) + R"(", "at": ")" + timestamp() + "\"}";
    return line;
}

std::string as_text(Level level, std::string_view event, const LogFields& fields) {
    std::string line = timestamp() + " [" + std::string(name_of(level)) + "] " + std::string(event);
    Renderer render(line);
    for (const auto& [name, value] : fields) {
        line.append(" ").append(name).append("=");
        std::visit(render, value);
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
