#include "decimal.h"

#include <algorithm>
#include <charconv>

namespace alertwire {
namespace {

constexpr std::size_t kWholeDigitsMax = 18;
constexpr std::size_t kPlacesMax = 12;
// More than this would only make a string of zeros long.
constexpr int kExponentMax = 30;

bool is_digit(char sign) { return sign >= '0' && sign <= '9'; }

bool all_digits(std::string_view text) { return std::ranges::all_of(text, is_digit); }

struct Parts {
    std::string digits;
    int places;
};

// Takes "12.5e1" apart: all digits, and how many of them stand behind the point.
std::optional<Parts> take_apart(std::string_view text) {
    int exponent = 0;
    if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
        std::string_view power = text.substr(e + 1);
        if (power.starts_with('+')) {
            power.remove_prefix(1);
        }
        const auto [end, error] =
            std::from_chars(power.data(), power.data() + power.size(), exponent);
        if (error != std::errc{} || end != power.data() + power.size() || exponent > kExponentMax ||
            exponent < -kExponentMax) {
            return std::nullopt;
        }
        text = text.substr(0, e);
    }
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction =
        point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
    if ((whole.empty() && fraction.empty()) || !all_digits(whole) || !all_digits(fraction) ||
        whole.size() + fraction.size() > kWholeDigitsMax + kPlacesMax) {
        return std::nullopt;
    }
    return Parts{std::string(whole).append(fraction), static_cast<int>(fraction.size()) - exponent};
}

}  // namespace

bool is_decimal(std::string_view text) {
    if (text.starts_with('-')) {
        text.remove_prefix(1);
    }
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    if (whole.empty() || whole.size() > kWholeDigitsMax || !all_digits(whole) ||
        (whole.size() > 1 && whole.starts_with('0'))) {
        return false;
    }
    if (point == std::string_view::npos) {
        return true;
    }
    const auto fraction = text.substr(point + 1);
    return !fraction.empty() && fraction.size() <= kPlacesMax && all_digits(fraction);
}

std::optional<std::string> read_factor(std::string_view text, int digits_max, int places_max) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    auto parts = take_apart(text);
    if (!parts) {
        return std::nullopt;
    }
    auto& [digits, places] = *parts;
    for (; places < 0; ++places) {
        digits.push_back('0');
    }
    if (static_cast<int>(digits.size()) <= places) {
        digits.insert(0, static_cast<std::size_t>(places) + 1 - digits.size(), '0');
    }
    std::string whole = digits.substr(0, digits.size() - static_cast<std::size_t>(places));
    std::string fraction = digits.substr(whole.size());
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
    while (static_cast<int>(fraction.size()) > places_max && fraction.ends_with('0')) {
        fraction.pop_back();
    }
    const bool is_zero = (whole + fraction).find_first_not_of('0') == std::string::npos;
    if (is_zero || static_cast<int>(fraction.size()) > places_max ||
        static_cast<int>(whole.size()) > digits_max - places_max) {
        return std::nullopt;
    }
    return fraction.empty() ? whole : whole + "." + fraction;
}

bool is_one(std::string_view decimal) {
    return decimal == "1" || (decimal.starts_with("1.") &&
                              decimal.find_first_not_of('0', 2) == std::string_view::npos);
}

}  // namespace alertwire
