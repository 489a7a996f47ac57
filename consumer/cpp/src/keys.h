// The keys of the bus: CURVE key pairs as files of one Z85 line in $ALERTWIRE_HOME/keys/bus.
//
// No files: no encryption. Some but not the needed ones: no start, never a silent fall back.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace alertwire {

// A key pair in Z85 (https://rfc.zeromq.org/spec/32/).
struct KeyPair {
    std::string public_key;
    std::string secret_key;

    bool operator==(const KeyPair&) const = default;
};

// The pair with which an executor speaks: `consumer.key_secret`, else the only one that begins with
// `consumer-`; nothing where there are no keys at all. Throws ConfigurationError where there are
// keys but not the right ones, or others could read or plant them.
[[nodiscard]] std::optional<KeyPair> load_pair(const std::filesystem::path& folder);

// The public key of `name`. Throws ConfigurationError where it is missing or no key.
[[nodiscard]] std::string load_public(const std::filesystem::path& folder, const std::string& name);

}  // namespace alertwire
