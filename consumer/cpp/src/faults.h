// Exceptions, by who must act. A bug is none of these: it ends the process.
#pragma once

#include <stdexcept>

namespace alertwire {

// The operator must change something. The text says what; the process exits with 78.
class ConfigurationError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace alertwire
