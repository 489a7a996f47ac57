// The golden vectors of proto/vectors, as JSON.
#pragma once

#include <google/protobuf/struct.pb.h>

#include <filesystem>
#include <string>
#include <vector>

#include "routes.h"

namespace alertwire::testing {

struct Vector {
    std::string name;
    std::filesystem::path path;
    google::protobuf::Struct content;

    [[nodiscard]] bool has(const std::string& field) const;
    [[nodiscard]] const google::protobuf::Value& at(const std::string& field) const;
    [[nodiscard]] const std::string& text(const std::string& field) const;
    // Reads a field as the message that it is the JSON of.
    void read(const std::string& field, google::protobuf::Message& message) const;
};

std::vector<Vector> vectors_in(const std::string& folder);
std::string content_of(const std::filesystem::path& path);
std::string from_hex(const std::string& hex);
void read_json(const google::protobuf::Value& value, google::protobuf::Message& message);

// The routes of a plan's vector, through the text of an alertwire.toml.
Routes routes_of(const Vector& plan);

}  // namespace alertwire::testing
