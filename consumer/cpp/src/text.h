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

// Length of the UTF-8 sequence at the start of a text that is not empty; 0 where there is none.
[[nodiscard]] inline std::size_t sequence_length(std::string_view text) {
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
    // Neither longer than needed, nor half of a surrogate pair, nor beyond U+10FFFF (RFC 3629).
    const auto second = length > 1 ? static_cast<unsigned char>(text[1]) : 0x80;
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
        return 0;
    }
    for (const char byte : text.substr(0, length).substr(length > 0 ? 1 : 0)) {
        if ((static_cast<unsigned char>(byte) >> 6) != 2) {
            return 0;
        }
    }
    return length;
}

[[nodiscard]] inline bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace alertwire
