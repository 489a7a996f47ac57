// Text for people.
#pragma once

#include <string>
#include <string_view>

namespace alertwire {

// Quotes what somebody sent, so that it cannot be taken for our words: 'like this', at most 40
// characters, control characters replaced.
[[nodiscard]] inline std::string in_quotes(std::string_view text) {
    constexpr std::size_t kShownMax = 40;
    constexpr char kFirstPrintable = ' ';
    std::string shown = "'";
    for (const char sign : text.substr(0, kShownMax)) {
        const bool is_control = (sign >= 0 && sign < kFirstPrintable) || sign == '\x7f';
        shown += is_control ? '?' : sign;
    }
    return shown += "'";
}

}  // namespace alertwire
