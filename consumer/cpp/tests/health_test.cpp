#include "health.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "descriptor.h"
#include "faults.h"
#include "metrics.h"

namespace alertwire::testing {
namespace {

// A port that nobody listens on now.
std::uint16_t free_port(const Descriptor& holder) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const int yes = 1;
    ::setsockopt(holder.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    EXPECT_EQ(::bind(holder.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(holder.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
}

class HealthPages : public ::testing::Test {
protected:
    [[nodiscard]] Descriptor connected() const {
        Descriptor client(::socket(AF_INET, SOCK_STREAM, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
                  0);
        return client;
    }

    [[nodiscard]] std::string asked(const std::string& path) const {
        return answered(connected(), "GET " + path + " HTTP/1.0\r\n\r\n");
    }

    static void send(const Descriptor& client, const std::string& bytes) {
        EXPECT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }

    static std::string answered(const Descriptor& client, const std::string& request) {
        send(client, request);
        std::string said;
        std::array<char, 4096> buffer{};
        for (ssize_t size = 1; size > 0;) {
            size = ::recv(client.get(), buffer.data(), buffer.size(), 0);
            said.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        }
        return said;
    }

    Descriptor holder_{::socket(AF_INET, SOCK_STREAM, 0)};
    std::uint16_t port_ = free_port(holder_);
    Metrics metrics_;
    Health health_{"127.0.0.1", port_, [this] { return metrics_.text(); }};
};

TEST_F(HealthPages, AnswerTheProbes) {
    EXPECT_NE(asked("/healthz").find(" 200 OK\r\n"), std::string::npos);
    EXPECT_TRUE(asked("/readyz").ends_with("\r\n\r\nready\n"));
    EXPECT_NE(asked("/else").find(" 404 Not Found\r\n"), std::string::npos);
    EXPECT_NE(asked("/healthz?x=1").find(" 200 OK\r\n"), std::string::npos);
    EXPECT_NE(asked("/Healthz").find(" 404 Not Found\r\n"), std::string::npos);
    EXPECT_NE(asked("/healthz/else").find(" 404 Not Found\r\n"), std::string::npos);
}

TEST_F(HealthPages, ShowMetricsWhileTheyAreCounted) {
    metrics_.count_ack(v1::ACK_KIND_HEARTBEAT);
    metrics_.count_command();
    std::string said;
    std::thread reader([&] { said = asked("/metrics"); });
    metrics_.set_in_hand(3);
    reader.join();

    EXPECT_NE(said.find("alertwire_executor_acks_total{kind=\"heartbeat\"} 1"), std::string::npos)
        << said;
    EXPECT_NE(said.find("alertwire_executor_commands_total 1"), std::string::npos);
    EXPECT_NE(said.find("alertwire_executor_alerts_in_hand"), std::string::npos);
}

TEST_F(HealthPages, AreAnsweredBesideClientsThatSayNothing) {
    std::vector<Descriptor> silent;
    for (int count = 0; count < 300; ++count) {
        silent.push_back(connected());
        if (count % 50 == 0) {
            EXPECT_TRUE(asked("/readyz").ends_with("ready\n"));
        }
    }

    EXPECT_TRUE(asked("/readyz").ends_with("ready\n"));
}

TEST_F(HealthPages, AreAskedForInPieces) {
    const Descriptor client = connected();
    for (const char sign : std::string("GET /readyz HTTP/1.1\r\nHost: x\r\n\r")) {
        send(client, std::string(1, sign));
    }

    EXPECT_TRUE(answered(client, "\n").ends_with("ready\n"));
}

TEST_F(HealthPages, SayWhatIsNotAnswered) {
    const auto said = [this](const std::string& request) {
        return answered(connected(), request).substr(0, 12);
    };
    EXPECT_EQ(said("POST /healthz HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), "HTTP/1.1 501");
    EXPECT_EQ(said("BREW /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 501");
    EXPECT_EQ(said("GET /%68ealthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 404");
    EXPECT_EQ(said("GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n"), "HTTP/1.1 404");
    EXPECT_EQ(said("GET\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(said("GET /healthz\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(said("\r\n\r\n"), "HTTP/1.1 400");
    EXPECT_EQ(said(std::string(66'000, 'x')), "HTTP/1.1 431");
}

TEST_F(HealthPages, HaveNoBodyForHead) {
    EXPECT_TRUE(answered(connected(), "HEAD /healthz HTTP/1.1\r\n\r\n").ends_with("\r\n\r\n"));
}

TEST(Health, NamesTheSettingWhereThePortIsTaken) {
    const Descriptor holder(::socket(AF_INET, SOCK_STREAM, 0));
    const std::uint16_t port = free_port(holder);
    ASSERT_EQ(::listen(holder.get(), 1), 0);
    try {
        const Health health("127.0.0.1", port, [] { return std::string(); });
        FAIL() << "it took a port that is taken";
    } catch (const ConfigurationError& error) {
        EXPECT_TRUE(
            std::string(error.what()).starts_with("ALERTWIRE_CONSUMER_HEALTH_PORT: 127.0.0.1:"));
    }
}

}  // namespace
}  // namespace alertwire::testing
