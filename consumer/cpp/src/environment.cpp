#include "environment.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "faults.h"
#include "text_file.h"

namespace alertwire {
namespace {

constexpr std::string_view kFile = ".env";
constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_blank(char sign) { return sign == ' ' || sign == '\t'; }

bool is_digit(char sign) { return sign >= '0' && sign <= '9'; }

bool may_be_in_a_name(char sign) {
    return is_digit(sign) || (sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z') ||
           sign == '_';
}

bool is_name(std::string_view text) {
    return !text.empty() && !is_digit(text.front()) && std::ranges::all_of(text, may_be_in_a_name);
}

std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) {
            ++at;
            plain += text[at] == 'n' ? '\n' : text[at] == 't' ? '\t' : text[at];
        } else {
            plain += text[at];
        }
    }
    return plain;
}

// The value of "NAME" or "NAME:-otherwise"; nothing where it is neither.
std::optional<std::string> value_named(std::string_view text, const Environment& outer,
                                       const Environment& inner) {
    constexpr std::string_view kOtherwise = ":-";
    const auto end = std::ranges::find_if_not(text, may_be_in_a_name) - text.begin();
    const std::string name(text.substr(0, static_cast<std::size_t>(end)));
    std::string_view rest = text.substr(name.size());
    if (!is_name(name) || (!rest.empty() && !rest.starts_with(kOtherwise))) {
        return std::nullopt;
    }
    for (const Environment* known : {&inner, &outer}) {
        if (const auto found = known->find(name); found != known->end() && !found->second.empty()) {
            return found->second;
        }
    }
    rest.remove_prefix(std::min(rest.size(), kOtherwise.size()));
    return std::string(rest);
}

std::string expanded(std::string_view text, const Environment& outer, const Environment& inner) {
    constexpr std::string_view kBegin = "${";
    std::string made;
    for (auto begin = text.find(kBegin); begin != std::string_view::npos;
         begin = text.find(kBegin)) {
        made += text.substr(0, begin);
        text.remove_prefix(begin + kBegin.size());
        const auto end = text.find('}');
        const auto value = end == std::string_view::npos
                               ? std::nullopt
                               : value_named(text.substr(0, end), outer, inner);
        made += value.value_or(std::string(kBegin));
        text.remove_prefix(value ? end + 1 : 0);
    }
    return made.append(text);
}

// Where the quote that the text begins with ends; in double quotes a backslash hides the next sign.
std::size_t closing_quote(std::string_view text) {
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (text[at] == text.front()) {
            return at;
        }
        at += text[at] == '\\' && text.front() == '"' ? 1 : 0;
    }
    return std::string_view::npos;
}

// The value behind the equals sign; nothing where the quotes are not what they should be.
std::optional<std::string> value_of(std::string_view given, const Environment& outer,
                                    const Environment& inner) {
    const std::string_view value = trimmed(given);
    if (value.starts_with('\'') || value.starts_with('"')) {
        const auto end = closing_quote(value);
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view behind = value.substr(end + 1);
        if (!behind.empty() && !(is_blank(behind.front()) && trimmed(behind).starts_with('#'))) {
            return std::nullopt;
        }
        const std::string_view inside = value.substr(1, end - 1);
        return value.starts_with('\'') ? std::string(inside)
                                       : expanded(unescaped(inside), outer, inner);
    }
    for (std::size_t at = 1; at < given.size(); ++at) {
        if (given[at] == '#' && is_blank(given[at - 1])) {
            given = given.substr(0, at);
        }
    }
    return expanded(trimmed(given), outer, inner);
}

}  // namespace

Environment read_dotenv(std::string_view text, const Environment& outer) {
    constexpr std::string_view kExport = "export";
    Environment found;
    for (int number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        const auto equals = line.find('=');
        std::string_view name = trimmed(line.substr(0, equals));
        if (name.starts_with(kExport) && name.size() > kExport.size() &&
            is_blank(name[kExport.size()])) {
            name = trimmed(name.substr(kExport.size()));
        }
        auto value = equals == std::string_view::npos || !is_name(name)
                         ? std::nullopt
                         : value_of(line.substr(equals + 1), outer, found);
        if (!value) {
            throw ConfigurationError(std::string(kFile) + ": line " + std::to_string(number) +
                                     " is neither NAME=VALUE nor a comment: put # before it, or "
                                     "the value in 'quotes'");
        }
        found[std::string(name)] = std::move(*value);
    }
    return found;
}

Environment read_environment() {
    Environment given;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (const auto equals = text.find('='); equals != std::string_view::npos) {
            given.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    if (const auto text = read_text_file(kFile)) {
        for (const auto& [name, value] : read_dotenv(*text, given)) {
            if (std::string& known = given[name]; known.empty()) {
                known = value;
            }
        }
    }
    return given;
}

}  // namespace alertwire
