// A folder of a test's own.
#pragma once

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace alertwire::testing {

class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "executor-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    std::filesystem::path write(const std::string& name, const std::string& text,
                                std::filesystem::perms mode) const {
        const auto path = path_ / name;
        std::ofstream(path, std::ios::binary) << text;
        std::filesystem::permissions(path, mode);
        return path;
    }

private:
    std::filesystem::path path_;
};

}  // namespace alertwire::testing
