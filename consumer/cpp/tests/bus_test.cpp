#include "bus.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "folder.h"

namespace alertwire::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kDeadline{10};
// A connection that is given up is begun anew by then.
constexpr milliseconds kTended{1'500};

// An endpoint below the ports that outgoing connections get (ip(7)): nobody takes it between two
// that listen there.
std::string somewhere() {
    return "tcp://127.0.0.1:" + std::to_string(11'000 + std::random_device()() % 1'000);
}

// What a bus connects to; when it is gone, so is its socket.
class Peer {
public:
    explicit Peer(zmq::socket_type kind, const std::string& endpoint = somewhere(),
                  const std::string& secret_key = "")
        : socket_(context_, kind) {
        socket_.set(zmq::sockopt::linger, 0);
        if (!secret_key.empty()) {
            socket_.set(zmq::sockopt::curve_server, true);
            socket_.set(zmq::sockopt::curve_secretkey, secret_key);
        }
        socket_.bind(endpoint);
    }

    [[nodiscard]] std::string endpoint() const { return socket_.get(zmq::sockopt::last_endpoint); }

    [[nodiscard]] bool has_frame() {
        zmq::message_t frame;
        return socket_.recv(frame, zmq::recv_flags::dontwait).has_value();
    }

private:
    zmq::context_t context_;
    zmq::socket_t socket_;
};

class Connections : public ::testing::Test {
protected:
    [[nodiscard]] std::shared_ptr<Connection> connected(const std::string& endpoint) {
        return bus_.connect(zmq::socket_type::dealer, endpoint, "ALERTWIRE_X", "gateway");
    }

    // Tends until it is so, or until nothing more is to be expected.
    bool tended_until(const std::function<bool()>& is_so,
                      std::chrono::steady_clock::duration time = kDeadline) {
        const auto give_up = std::chrono::steady_clock::now() + time;
        while (!is_so()) {
            if (std::chrono::steady_clock::now() > give_up) {
                return false;
            }
            bus_.watch().tend(std::chrono::steady_clock::now());
            std::this_thread::sleep_for(milliseconds(5));
        }
        return true;
    }

    bool reaches(Connection& connection, Peer& peer) {
        return tended_until([&] { return try_send(connection.socket(), "hello"); }) &&
               tended_until([&] { return peer.has_frame(); });
    }

    bool says(const std::string& reason) {
        return tended_until([&] { return !lines_.empty(); }) &&
               lines_.back().find(reason) != std::string::npos;
    }

    Folder folder_;
    std::vector<std::string> lines_;
    Logger logger_{Level::kInfo, LogForm::kJson, {}, [this](std::string line) {
                       lines_.push_back(std::move(line));
                   }};
    Settings settings_ = [this] {
        Settings settings;
        settings.home = folder_.path();
        return settings;
    }();
    Bus bus_{settings_, logger_};
};

TEST_F(Connections, AreBegunAnewAfterAnotherKindOfSocketAnswered) {
    std::string endpoint;
    std::shared_ptr<Connection> connection;
    {
        const Peer stranger(zmq::socket_type::pull);
        endpoint = stranger.endpoint();
        connection = connected(endpoint);
        EXPECT_TRUE(says("another kind of socket answers there"));
        // The next attempts end the same way, and are not told again so soon.
        tended_until([] { return false; }, kTended);
    }
    EXPECT_EQ(lines_.size(), 1U);

    Peer gateway(zmq::socket_type::router, endpoint);
    EXPECT_TRUE(reaches(*connection, gateway));
}

TEST_F(Connections, AreBegunAnewAfterOneWithKeysAnswered) {
    std::string endpoint;
    std::shared_ptr<Connection> connection;
    {
        std::array<char, 41> open{};
        std::array<char, 41> secret{};
        zmq_curve_keypair(open.data(), secret.data());
        const Peer stranger(zmq::socket_type::router, somewhere(), secret.data());
        endpoint = stranger.endpoint();
        connection = connected(endpoint);
        EXPECT_TRUE(says("only one of us speaks with encryption"));
        tended_until([] { return false; }, kTended);
    }
    // That it ended is not told as another trouble.
    EXPECT_EQ(lines_.size(), 1U);

    Peer gateway(zmq::socket_type::router, endpoint);
    EXPECT_TRUE(reaches(*connection, gateway));
}

TEST_F(Connections, AreFoundAgainWithoutAWordAfterARestart) {
    std::string endpoint;
    std::shared_ptr<Connection> connection;
    {
        Peer gateway(zmq::socket_type::router);
        endpoint = gateway.endpoint();
        connection = connected(endpoint);
        EXPECT_TRUE(reaches(*connection, gateway));
    }
    tended_until([] { return false; }, kTended);
    Peer gateway(zmq::socket_type::router, endpoint);

    EXPECT_TRUE(reaches(*connection, gateway));
    EXPECT_TRUE(lines_.empty());
}

TEST_F(Connections, AreLeftAloneOnceTheyAreClosed) {
    const Peer stranger(zmq::socket_type::pull);
    {
        const auto connection = connected(stranger.endpoint());
        // It has ended, and where this machine is not slow it is not yet begun anew.
        tended_until([] { return false; }, milliseconds(350));
    }
    const std::size_t said = lines_.size();
    tended_until([] { return false; }, kTended);

    EXPECT_EQ(lines_.size(), said);
}

}  // namespace
}  // namespace alertwire::testing
