// Exact decimals as text, in the form of the contract. They are passed on, never calculated with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace alertwire {

// Whether the text is `-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?` (proto/alertwire/v1/alert.proto).
[[nodiscard]] bool is_decimal(std::string_view text);

// Reads a positive factor as people write it ("0.5", "1e-2", 2), in the contract's form; nothing
// where it is none, or has more than `digits_max` digits or `places_max` behind the point.
[[nodiscard]] std::optional<std::string> read_factor(std::string_view text, int digits_max,
                                                     int places_max);

// Whether a decimal in the contract's form is 1.
[[nodiscard]] bool is_one(std::string_view decimal);

}  // namespace alertwire
