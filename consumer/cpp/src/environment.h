// The variables that a process is given: its environment, and beneath it the file `.env`.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace alertwire {

using Environment = std::map<std::string, std::string>;

// This process's variables; those of `.env` in the working folder where they are not set, or empty.
// Throws ConfigurationError where `.env` is there and cannot be read.
[[nodiscard]] Environment read_environment();

// Reads the text of a `.env` file, in the form of docs/configuration.md; ${NAME} is what an earlier
// line or `outer` sets. Throws ConfigurationError with the number of the line that is neither
// NAME=VALUE nor a comment.
[[nodiscard]] Environment read_dotenv(std::string_view text, const Environment& outer);

}  // namespace alertwire
