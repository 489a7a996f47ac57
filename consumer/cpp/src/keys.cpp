#include "keys.h"

#include <sys/stat.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

#include "faults.h"

namespace alertwire {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRole = "consumer";
constexpr std::string_view kSecretEnding = ".key_secret";
constexpr std::string_view kPublicEnding = ".key";
constexpr std::size_t kKeyLength = 40;
constexpr std::size_t kFileSizeMax = 256;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;
constexpr std::string_view kZ85 =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

mode_t mode_of(const fs::path& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode : 0;
}

// Whether each five signs fit 32 bits: libzmq takes no others.
bool is_number(const std::string& key) {
    std::array<std::uint8_t, kKeyLength * 4 / 5> bytes{};
    return zmq_z85_decode(bytes.data(), key.c_str()) != nullptr;
}

std::string read_key(const fs::path& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::array<char, kFileSizeMax> content{};
    file.read(content.data(), content.size());
    if (!file.is_open() || file.bad()) {
        throw ConfigurationError(path.string() + " cannot be read: " + std::strerror(errno));
    }
    std::string_view key(content.data(), static_cast<std::size_t>(file.gcount()));
    constexpr std::string_view kBlanks = " \t\r\n";
    const auto first = std::min(key.find_first_not_of(kBlanks), key.size());
    key = key.substr(first, key.find_last_not_of(kBlanks) - first + 1);
    if (key.size() != kKeyLength || key.find_first_not_of(kZ85) != std::string_view::npos ||
        !is_number(std::string(key))) {
        throw ConfigurationError(path.string() + " must hold one key: 40 characters of Z85");
    }
    return std::string(key);
}

// Names of the files in a folder; none where there is no folder.
std::vector<std::string> names_in(const fs::path& folder) {
    std::error_code error;
    std::vector<std::string> names;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        names.push_back(entry->path().filename().string());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        throw ConfigurationError(folder.string() + " cannot be read: " + error.message() +
                                 "; it must belong to the user that runs Alertwire");
    }
    return names;
}

void refuse_writable(const fs::path& folder) {
    const fs::path allowed = folder / "allowed";
    for (const fs::path& path : {folder, allowed, allowed / "alerts", allowed / "commands",
                                 allowed / "reports", allowed / "control"}) {
        if ((mode_of(path) & kOthersWrite) != 0) {
            throw ConfigurationError(path.string() +
                                     " can be written by others, who could let themselves in: run "
                                     "chmod 700 " +
                                     path.string());
        }
    }
}

std::string choose(const fs::path& folder, const std::vector<std::string>& names) {
    std::string role(kRole);
    if (fs::exists(folder / (role + std::string(kSecretEnding)))) {
        return role;
    }
    std::vector<std::string> others;
    for (const std::string& name : names) {
        if (name.starts_with(role + "-") && name.ends_with(kSecretEnding)) {
            others.push_back(name.substr(0, name.size() - kSecretEnding.size()));
        }
    }
    if (others.size() == 1) {
        return others.front();
    }
    throw ConfigurationError(
        folder.string() + " has " + (others.empty() ? "no key" : "several keys") + " for the " +
        role + ": " +
        (others.empty() ? "make one with `alertwire keys new " + role +
                              "`, or remove the folder to go without encryption on loopback"
                        : "keep the one that is this machine's"));
}

}  // namespace

std::optional<KeyPair> load_pair(const fs::path& folder) {
    const auto names = names_in(folder);
    const bool has_keys = std::ranges::any_of(names, [](const std::string& name) {
        return name.ends_with(kPublicEnding) || name.ends_with(kSecretEnding);
    });
    if (!has_keys) {
        return std::nullopt;
    }
    refuse_writable(folder);
    const std::string name = choose(folder, names);
    const fs::path path = folder / (name + std::string(kSecretEnding));
    if (const mode_t mode = mode_of(path); (mode & kOthers) != 0) {
        std::array<char, 8> digits{};
        std::snprintf(digits.data(), digits.size(), "%04o", mode & static_cast<mode_t>(ALLPERMS));
        throw ConfigurationError(path.string() + " can be read by others (mode " + digits.data() +
                                 "): run chmod 600 " + path.string() +
                                 ", and make a new pair if somebody may have read it");
    }
    KeyPair pair{std::string(kKeyLength + 1, '\0'), read_key(path)};
    if (zmq_curve_public(pair.public_key.data(), pair.secret_key.c_str()) != 0) {
        throw ConfigurationError(path.string() + " holds no CURVE key");
    }
    pair.public_key.resize(kKeyLength);
    const fs::path kept = folder / (name + std::string(kPublicEnding));
    if (fs::exists(kept) && read_key(kept) != pair.public_key) {
        throw ConfigurationError(kept.string() + " does not belong to " + path.filename().string() +
                                 ": they are two halves of different pairs");
    }
    return pair;
}

std::string load_public(const fs::path& folder, const std::string& name) {
    const fs::path path = folder / (name + std::string(kPublicEnding));
    if (!fs::exists(path)) {
        throw ConfigurationError(path.string() + " is missing: copy it from the machine where " +
                                 name + " runs");
    }
    return read_key(path);
}

}  // namespace alertwire
