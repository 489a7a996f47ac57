#include "health.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "faults.h"
#include "metrics.h"

namespace alertwire::testing {
namespace {

TEST(Health, AnswersTheProbes) {
    const auto metrics = [] { return std::string("some_metric 1\n"); };
    const auto ask = [&](const std::string& path) {
        return health_response("GET " + path + " HTTP/1.1\r\n\r\n", metrics);
    };

    EXPECT_TRUE(ask("/healthz").starts_with("HTTP/1.0 200 OK\r\n"));
    EXPECT_TRUE(ask("/readyz").ends_with("\r\n\r\nready\n"));
    EXPECT_TRUE(ask("/metrics").ends_with("\r\n\r\nsome_metric 1\n"));
    EXPECT_TRUE(ask("/else").starts_with("HTTP/1.0 404 "));
    EXPECT_TRUE(health_response("POST /healthz HTTP/1.1\r\n", metrics).starts_with("HTTP/1.0 501"));
    EXPECT_TRUE(health_response("", metrics).starts_with("HTTP/1.0 501"));
}

// A port that nobody listens on now.
std::uint16_t free_port(const Descriptor& holder) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(holder.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(holder.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
}

TEST(Health, ServesMetricsWhileTheyAreCounted) {
    const Descriptor holder(::socket(AF_INET, SOCK_STREAM, 0));
    const int yes = 1;
    ::setsockopt(holder.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const std::uint16_t port = free_port(holder);
    Metrics metrics;
    const Health health("127.0.0.1", port, [&metrics] { return metrics.text(); });
    const Descriptor client(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    metrics.count_ack(v1::ACK_KIND_HEARTBEAT);
    metrics.count_command();
    ASSERT_EQ(::send(client.get(), request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
    metrics.set_in_hand(3);
    std::string said;
    std::array<char, 4096> buffer{};
    for (ssize_t size = 1; size > 0;) {
        size = ::recv(client.get(), buffer.data(), buffer.size(), 0);
        said.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }

    EXPECT_NE(said.find("alertwire_executor_acks_total{kind=\"heartbeat\"} 1"), std::string::npos)
        << said;
    EXPECT_NE(said.find("alertwire_executor_commands_total 1"), std::string::npos);
    EXPECT_NE(said.find("alertwire_executor_alerts_in_hand"), std::string::npos);
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
