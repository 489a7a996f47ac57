#include "settings.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <string_view>
#include <utility>

#include "faults.h"
#include "known_settings.h"
#include "text.h"

namespace alertwire {
namespace {

constexpr std::string_view kPrefix = "ALERTWIRE_";
constexpr std::string_view kFileSuffix = "_FILE";
constexpr std::size_t kSecretSizeMax = 4096;
// So many letters, or this share of a name, may differ for it to be a slip of the finger.
constexpr double kSlipLetters = 2;
constexpr double kSlipShare = 0.4;

const KnownSetting* find_setting(std::string_view name) {
    const auto* found = std::ranges::find(kKnownSettings, name, &KnownSetting::name);
    return found == kKnownSettings.end() ? nullptr : found;
}

// Whether the variable names a file that holds the secret of the same name without the suffix.
bool names_a_secret_file(std::string_view name) {
    return name.ends_with(kFileSuffix) &&
           find_setting(name.substr(0, name.size() - kFileSuffix.size())) != nullptr;
}

// How many letters must be changed, added or left out to make one text of the other.
std::size_t distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

std::string suggestion(std::string_view name) {
    const auto* near = std::ranges::min_element(
        kKnownSettings, {}, [name](const KnownSetting& one) { return distance(name, one.name); });
    const auto own_part = static_cast<double>(name.size() - kPrefix.size());
    if (static_cast<double>(distance(name, near->name)) <=
        std::max(kSlipLetters, own_part * kSlipShare)) {
        return ": did you mean " + std::string(near->name) + "?";
    }
    return ": see docs/configuration.md";
}

std::string lowered(std::string text) {
    std::ranges::transform(text, text.begin(), [](char sign) {
        return sign >= 'A' && sign <= 'Z' ? static_cast<char>(sign - 'A' + 'a') : sign;
    });
    return text;
}

std::string raised(std::string text) {
    std::ranges::transform(text, text.begin(), [](char sign) {
        return sign >= 'a' && sign <= 'z' ? static_cast<char>(sign - 'a' + 'A') : sign;
    });
    return text;
}

// The password in SCHEME://USER:PASSWORD@HOST, where there is one.
std::string password_in(const std::string& url) {
    const auto scheme = url.find("://");
    if (scheme == std::string::npos) {
        return {};
    }
    const auto place = url.substr(scheme + 3, url.find_first_of("/?#", scheme + 3) - scheme - 3);
    const auto at = place.rfind('@');
    const auto colon = place.find(':');
    return at == std::string::npos || colon > at ? "" : place.substr(colon + 1, at - colon - 1);
}

std::string percent_decoded(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        unsigned value = 0;
        const char* digits = text.data() + at + 1;
        if (text[at] == '%' && at + 2 < text.size() &&
            std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            plain += static_cast<char>(value);
            at += 2;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

class Reader {
public:
    explicit Reader(const Environment& given) : given_(given) {}

    [[nodiscard]] std::string text(std::string_view name) const {
        const std::string variable = std::string(kPrefix).append(name);
        const auto found = given_.find(variable);
        if (found != given_.end() && !found->second.empty()) {
            return found->second;
        }
        return std::string(find_setting(variable)->fallback);
    }

    std::uint16_t port(std::string_view name) {
        const std::string value = text(name);
        unsigned number = 0;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc{} || end != value.data() + value.size() ||
            number > std::numeric_limits<std::uint16_t>::max()) {
            wrong(name, "it must be a port from 0 to 65535");
            return 0;
        }
        return static_cast<std::uint16_t>(number);
    }

    Level level() {
        const std::string value = lowered(text("LOG_LEVEL"));
        if (value == "debug") {
            return Level::kDebug;
        }
        if (value == "warning") {
            return Level::kWarning;
        }
        if (value == "error") {
            return Level::kError;
        }
        if (value != "info") {
            wrong("LOG_LEVEL", "it must be debug, info, warning or error");
        }
        return Level::kInfo;
    }

    LogForm form() {
        const std::string value = text("LOG_FORMAT");
        if (value == "console") {
            return LogForm::kConsole;
        }
        if (value == "auto") {
            return isatty(STDERR_FILENO) == 1 ? LogForm::kConsole : LogForm::kJson;
        }
        if (value != "json") {
            wrong("LOG_FORMAT", "it must be json, console or auto");
        }
        return LogForm::kJson;
    }

    void one_of(std::string_view name, std::initializer_list<std::string_view> words) {
        if (std::ranges::find(words, text(name)) == words.end()) {
            std::string reason = "it must be";
            for (const std::string_view word : words) {
                reason.append(word == *words.begin() ? " " : " or ").append(word);
            }
            wrong(name, reason);
        }
    }

    void refuse_unknown() {
        for (const auto& [name, value] : given_) {
            // Names are as they are documented, to the letter: alertwire_home is none.
            const std::string upper = raised(name);
            if (upper.starts_with(kPrefix) && find_setting(name) == nullptr) {
                problems_.push_back(name + " is not a setting" + suggestion(upper));
            }
        }
    }

    std::vector<std::string> secrets() {
        std::vector<std::string> found;
        for (const KnownSetting& setting : kKnownSettings) {
            if (!names_a_secret_file(setting.name)) {
                continue;
            }
            const std::string file(setting.name);
            const std::string plain = file.substr(0, file.size() - kFileSuffix.size());
            const std::string value = text(plain.substr(kPrefix.size()));
            const std::string place = text(file.substr(kPrefix.size()));
            if (!value.empty() && !place.empty()) {
                problems_.push_back(plain + " and " + file + " are both set: keep one");
            }
            for (const std::string& secret : {value, place.empty() ? "" : in_file(file, place)}) {
                const std::string password = password_in(secret);
                found.insert(found.end(), {secret, password, percent_decoded(password)});
            }
        }
        return found;
    }

    void throw_if_wrong() const {
        if (problems_.empty()) {
            return;
        }
        std::string all;
        for (const std::string& problem : problems_) {
            all += (all.empty() ? "" : "; ") + problem;
        }
        throw ConfigurationError(all);
    }

private:
    void wrong(std::string_view name, std::string_view reason) {
        problems_.push_back(std::string(kPrefix).append(name).append(" is wrong: ").append(reason));
    }

    std::string in_file(const std::string& variable, const std::string& place) {
        std::ifstream file(place, std::ios::binary);
        std::string content(kSecretSizeMax + 1, '\0');
        file.read(content.data(), static_cast<std::streamsize>(content.size()));
        if (!file.is_open() || file.bad()) {
            problems_.push_back(variable + ": " + place +
                                " cannot be read: " + std::strerror(errno));
            return {};
        }
        content.resize(static_cast<std::size_t>(file.gcount()));
        if (!is_utf8(content)) {
            problems_.push_back(variable + ": " + place + " cannot be read: it is not UTF-8 text");
            return {};
        }
        const auto first = content.find_first_not_of(" \t\r\n");
        if (first == std::string::npos || content.size() > kSecretSizeMax) {
            problems_.push_back(variable + ": " + place + " must hold the secret and nothing else");
            return {};
        }
        return content.substr(first, content.find_last_not_of(" \t\r\n") - first + 1);
    }

    const Environment& given_;
    std::vector<std::string> problems_;
};

}  // namespace

Settings load_settings(const Environment& given) {
    Reader reader(given);
    reader.refuse_unknown();
    Settings settings;
    settings.home = reader.text("HOME");
    settings.config = reader.text("CONFIG");
    settings.alerts_endpoint = reader.text("ALERTS_ENDPOINT");
    settings.acks_endpoint = reader.text("ACKS_ENDPOINT");
    settings.commands_endpoint = reader.text("COMMANDS_ENDPOINT");
    settings.health_host = reader.text("HEALTH_HOST");
    settings.health_port = reader.port("CONSUMER_HEALTH_PORT");
    settings.log_level = reader.level();
    settings.log_form = reader.form();
    reader.one_of("TRANSPORT", {"zmq"});
    reader.one_of("TRADING_MODE", {"paper", "live"});
    settings.secrets = reader.secrets();
    reader.throw_if_wrong();
    return settings;
}

}  // namespace alertwire
