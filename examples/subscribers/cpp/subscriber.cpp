// Prints every OrderReport of Alertwire's gateway, and says when some were missed.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <zmq.hpp>

#include "alertwire/v1/report.pb.h"

std::string setting(const char* name, const char* otherwise) {
    const char* given = std::getenv(name);
    return given != nullptr && *given != '\0' ? given : otherwise;
}

std::string read_key(const std::string& path) {
    std::string key;
    std::ifstream(path) >> key;
    return key;
}

// Speaks CURVE where there is a key: alertwire keys new subscriber.
void encrypt(zmq::socket_t& subscriber, const std::string& folder) {
    const std::string secret = read_key(folder + "/subscriber.key_secret");
    if (secret.empty()) {
        return;
    }
    std::string open(40, '\0');  // and the NUL behind it
    if (zmq_curve_public(open.data(), secret.c_str()) != 0) {
        throw zmq::error_t();
    }
    subscriber.set(zmq::sockopt::curve_serverkey, read_key(folder + "/gateway.key"));
    subscriber.set(zmq::sockopt::curve_publickey, open);
    subscriber.set(zmq::sockopt::curve_secretkey, secret);
}

int main() {
    zmq::context_t context;
    zmq::socket_t subscriber(context, zmq::socket_type::sub);
    subscriber.set(zmq::sockopt::subscribe, "");
    encrypt(subscriber, setting("ALERTWIRE_HOME", "var") + "/keys/bus");
    subscriber.connect(setting("ALERTWIRE_REPORTS_ENDPOINT", "tcp://127.0.0.1:5558"));
    std::map<std::string, std::uint64_t> next;  // by gateway: a restarted one counts from 1 again
    for (zmq::message_t frame; subscriber.recv(frame);) {
        alertwire::v1::OrderReport report;
        if (!report.ParseFromString(frame.to_string()) || report.schema_version() != 1) {
            std::cerr << "not an OrderReport that this program knows: " << frame.size() << " bytes\n";
            continue;
        }
        std::uint64_t& expected = next[report.gateway_id()];
        if (expected != 0 && report.number() != expected) {
            std::cerr << "missed " << expected << " to " << report.number() - 1 << ": see `alertwire orders`\n";
        }
        expected = report.number() + 1;
        std::cout << report.number() << ' ' << report.order_ref() << ' ' << Side_Name(report.side()) << ' '
                  << report.filled().value() << " of " << report.quantity().value() << ' ' << report.instrument().symbol()
                  << ' ' << OrderState_Name(report.state()) << ' ' << report.detail() << std::endl;
    }
}
