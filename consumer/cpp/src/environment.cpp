#include "environment.h"

#include <unistd.h>

#include <fstream>
#include <sstream>

namespace alertwire {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
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

std::string expanded(std::string_view text, const Environment& outer, const Environment& inner) {
    std::string made;
    while (!text.empty()) {
        const auto begin = text.find("${");
        const auto end = begin == std::string_view::npos ? begin : text.find('}', begin);
        made += text.substr(0, end == std::string_view::npos ? end : begin);
        if (end == std::string_view::npos) {
            break;
        }
        const auto inside = text.substr(begin + 2, end - begin - 2);
        const auto otherwise = inside.find(":-");
        const std::string name(inside.substr(0, otherwise));
        if (const auto near = inner.find(name); near != inner.end()) {
            made += near->second;
        } else if (const auto far = outer.find(name); far != outer.end()) {
            made += far->second;
        } else if (otherwise != std::string_view::npos) {
            made += inside.substr(otherwise + 2);
        }
        text.remove_prefix(end + 1);
    }
    return made;
}

std::string value_of(std::string_view text, const Environment& outer, const Environment& inner) {
    if (text.starts_with('\'')) {
        return std::string(text.substr(1, text.find('\'', 1) - 1));
    }
    if (text.starts_with('"')) {
        auto end = text.find('"', 1);
        while (end != std::string_view::npos && text[end - 1] == '\\') {
            end = text.find('"', end + 1);
        }
        return expanded(unescaped(text.substr(1, end - 1)), outer, inner);
    }
    const auto comment = text.find(" #");
    return expanded(trimmed(text.substr(0, text.starts_with('#') ? 0 : comment)), outer, inner);
}

}  // namespace

Environment read_dotenv(std::string_view text, const Environment& outer) {
    Environment found;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.starts_with("export ")) {
            line = trimmed(line.substr(sizeof("export")));
        }
        const auto equals = line.find('=');
        if (line.starts_with('#') || equals == std::string_view::npos) {
            continue;
        }
        const std::string name(trimmed(line.substr(0, equals)));
        found[name] = value_of(trimmed(line.substr(equals + 1)), outer, found);
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
    if (const std::ifstream file(".env", std::ios::binary); file) {
        std::ostringstream text;
        text << file.rdbuf();
        given.merge(read_dotenv(text.str(), given));
    }
    return given;
}

}  // namespace alertwire
