#include "text_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "faults.h"
#include "text.h"

namespace alertwire {

std::optional<std::string> read_text_file(const std::filesystem::path& path) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    const auto refuse = [&path](const std::string& reason) {
        throw ConfigurationError(path.string() + " cannot be read: " + reason);
    };
    errno = 0;
    const std::ifstream file(path, std::ios::binary);
    if (!file.is_open()) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        refuse(std::strerror(errno));
    }
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        refuse(std::strerror(EISDIR));
    }
    std::ostringstream content;
    content << file.rdbuf();
    if (file.bad()) {
        refuse(std::strerror(errno));
    }
    std::string text = content.str();
    if (!is_utf8(text)) {
        refuse("it is not UTF-8 text");
    }
    if (text.starts_with(kByteOrderMark)) {
        text.erase(0, kByteOrderMark.size());
    }
    return text;
}

}  // namespace alertwire
