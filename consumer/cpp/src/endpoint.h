// What the text of an endpoint says: which transport, and who can be at the other end.
#pragma once

#include <string>
#include <string_view>

namespace alertwire {

// Whether it is a network address: what must be encrypted off loopback, and may be on it.
[[nodiscard]] bool is_tcp(std::string_view endpoint);

// Whether only this machine's processes can be at the other end. Only addresses that say so count,
// and the one name that must (`localhost`, RFC 6761).
[[nodiscard]] bool is_loopback(std::string_view endpoint);

// Refuses what is no endpoint, leads to another machine without encryption, or is another user's
// socket file. Throws ConfigurationError that names `setting`.
void check_endpoint(const std::string& endpoint, std::string_view setting, bool is_encrypted);

}  // namespace alertwire
