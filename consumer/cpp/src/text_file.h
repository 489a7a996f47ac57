// A file of text that an operator wrote.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace alertwire {

// Returns what a file holds, without a byte order mark; nothing where there is no file. Throws
// ConfigurationError where it cannot be read or is not UTF-8.
[[nodiscard]] std::optional<std::string> read_text_file(const std::filesystem::path& path);

}  // namespace alertwire
