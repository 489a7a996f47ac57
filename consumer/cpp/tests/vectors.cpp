#include "vectors.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace alertwire::testing {
namespace {

using google::protobuf::util::JsonStringToMessage;
using google::protobuf::util::MessageToJsonString;

// An account or a list of them as a TOML value.
std::string toml_of(const google::protobuf::Value& value) {
    std::string text;
    if (value.has_list_value()) {
        for (const auto& each : value.list_value().values()) {
            text += (text.empty() ? "" : ", ") + toml_of(each);
        }
        return "[" + text + "]";
    }
    if (value.has_struct_value()) {
        for (const auto& [name, each] : value.struct_value().fields()) {
            text += (text.empty() ? "" : ", ") + name + " = " + toml_of(each);
        }
        return "{" + text + "}";
    }
    return '"' + value.string_value() + '"';
}

}  // namespace

bool Vector::has(const std::string& field) const { return content.fields().contains(field); }

const google::protobuf::Value& Vector::at(const std::string& field) const {
    return content.fields().at(field);
}

const std::string& Vector::text(const std::string& field) const { return at(field).string_value(); }

void Vector::read(const std::string& field, google::protobuf::Message& message) const {
    read_json(at(field), message);
}

std::string content_of(const std::filesystem::path& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string from_hex(const std::string& hex) {
    constexpr int kBase = 16;
    std::string bytes;
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, kBase));
    }
    return bytes;
}

void read_json(const google::protobuf::Value& value, google::protobuf::Message& message) {
    std::string text;
    if (!MessageToJsonString(value, &text).ok() || !JsonStringToMessage(text, &message).ok()) {
        throw std::runtime_error("not the JSON of " + message.GetTypeName() + ": " + text);
    }
}

std::vector<Vector> vectors_in(const std::string& folder) {
    std::vector<Vector> found;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(VECTORS_FOLDER) / folder)) {
        if (entry.path().extension() == ".json") {
            Vector& vector = found.emplace_back();
            vector.name = entry.path().stem().string();
            vector.path = entry.path();
            if (!JsonStringToMessage(content_of(entry.path()), &vector.content).ok()) {
                throw std::runtime_error(entry.path().string() + " is no JSON");
            }
        }
    }
    std::ranges::sort(found, {}, &Vector::name);
    return found;
}

Routes routes_of(const Vector& plan) {
    std::string text;
    for (const auto& [name, route] : plan.at("routes").struct_value().fields()) {
        text += "[routes." + name + "]\n";
        for (const auto& [key, value] : route.struct_value().fields()) {
            text += key + " = " + toml_of(value) + "\n";
        }
    }
    if (plan.has("known_gateways")) {
        for (const auto& name : plan.at("known_gateways").list_value().values()) {
            text += "[gateways." + name.string_value() + "]\ncommands_endpoint = \"ipc:///" +
                    name.string_value() + ".socket\"\n";
        }
    }
    return read_routes(text, "alertwire.toml");
}

}  // namespace alertwire::testing
