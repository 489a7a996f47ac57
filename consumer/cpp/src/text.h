// Text for people.
#pragma once

#include <string>
#include <string_view>

namespace alertwire {

// Quotes what somebody sent, so that it cannot be taken for our words: 'like this', at most 40
// bytes, control characters replaced, and never a part of a character: text of a message is UTF-8.
[[nodiscard]] inline std::string in_quotes(std::string_view text) {
    constexpr std::size_t kShownMax = 40;
    constexpr char kFirstPrintable = ' ';
    std::string shown = "'";
    std::size_t end = text.size();
    if (end > kShownMax) {
        constexpr unsigned char kFirstBits = 0xC0;
        constexpr unsigned char kFollows = 0x80;
        end = kShownMax;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & kFirstBits) == kFollows) {
            --end;
        }
    }
    for (const char sign : text.substr(0, end)) {
        const bool is_control = (sign >= 0 && sign < kFirstPrintable) || sign == '\x7f';
        shown += is_control ? '?' : sign;
    }
    return shown += "'";
}

}  // namespace alertwire
