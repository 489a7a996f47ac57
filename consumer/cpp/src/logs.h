// Log lines in the form of every process of Alertwire: JSON for machines, text on a terminal.
//
// Events are verbs in the past tense. Secrets are replaced wherever they stand.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace alertwire {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError, kCritical };
enum class LogForm : std::uint8_t { kJson, kConsole };

using LogValue = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;
using LogFields = std::vector<std::pair<std::string_view, LogValue>>;

class Logger {
public:
    using Write = std::function<void(std::string)>;

    Logger(Level least, LogForm form, std::vector<std::string> secrets, Write write);

    void debug(std::string_view event, LogFields fields = {}) const;
    void info(std::string_view event, LogFields fields = {}) const;
    void warning(std::string_view event, LogFields fields = {}) const;
    void error(std::string_view event, LogFields fields = {}) const;
    void critical(std::string_view event, LogFields fields = {}) const;

private:
    void log(Level level, std::string_view event, LogFields fields) const;

    Level least_;
    LogForm form_;
    std::vector<std::string> secrets_;
    Write write_;
};

}  // namespace alertwire
