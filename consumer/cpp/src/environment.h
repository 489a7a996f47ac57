// The variables that a process is given: its environment, and beneath it the file `.env`.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace alertwire {

using Environment = std::map<std::string, std::string>;

// This process's variables above those of `.env` in the working folder.
[[nodiscard]] Environment read_environment();

// Reads the text of a `.env` file: NAME=VALUE, `export`, quotes, comments, and ${NAME} or
// ${NAME:-otherwise} for what `outer` or an earlier line sets.
[[nodiscard]] Environment read_dotenv(std::string_view text, const Environment& outer);

}  // namespace alertwire
