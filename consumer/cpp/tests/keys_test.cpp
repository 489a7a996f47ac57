#include "keys.h"

#include <gtest/gtest.h>
#include <zmq.h>

#include "endpoint.h"
#include "faults.h"
#include "folder.h"

namespace alertwire::testing {
namespace {

using std::filesystem::perms;

constexpr perms kSecret = perms::owner_read | perms::owner_write;
constexpr perms kPublic = kSecret | perms::group_read | perms::others_read;

KeyPair new_pair() {
    std::array<char, 41> open{};
    std::array<char, 41> secret{};
    zmq_curve_keypair(open.data(), secret.data());
    return {open.data(), secret.data()};
}

std::string refusal(const Folder& folder) {
    try {
        (void)load_pair(folder.path());
    } catch (const ConfigurationError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Keys, AreNotNeededWhereThereAreNone) {
    const Folder folder;
    EXPECT_EQ(load_pair(folder.path()), std::nullopt);
    EXPECT_EQ(load_pair(folder.path() / "missing"), std::nullopt);
}

TEST(Keys, AreReadWithTheirPublicHalf) {
    const Folder folder;
    const KeyPair made = new_pair();
    folder.write("consumer-office.key_secret", made.secret_key + "\n", kSecret);
    folder.write("consumer-office.key", made.public_key + "\n", kPublic);
    folder.write("producer.key", made.public_key, kPublic);
    const auto pair = load_pair(folder.path());

    ASSERT_TRUE(pair.has_value());
    EXPECT_EQ(pair->public_key, made.public_key);
    EXPECT_EQ(pair->secret_key, made.secret_key);
    EXPECT_EQ(load_public(folder.path(), "producer"), made.public_key);
    EXPECT_THROW((void)load_public(folder.path(), "gateway"), ConfigurationError);
}

TEST(Keys, AreRefusedWhereOthersCanReadThem) {
    const Folder folder;
    folder.write("consumer.key_secret", new_pair().secret_key, kPublic);
    const std::string said = refusal(folder);

    EXPECT_NE(said.find("can be read by others (mode 0644): run chmod 600"), std::string::npos);
}

TEST(Keys, AreRefusedWhereOthersCanPlantThem) {
    const Folder folder;
    folder.write("consumer.key_secret", new_pair().secret_key, kSecret);
    std::filesystem::permissions(folder.path(), perms::owner_all | perms::others_write);

    EXPECT_NE(refusal(folder).find("can be written by others"), std::string::npos);
}

TEST(Keys, AreRefusedWhereTheyAreNotWhole) {
    const Folder folder;
    folder.write("gateway.key", new_pair().public_key, kPublic);
    EXPECT_NE(refusal(folder).find("has no key for the consumer"), std::string::npos);

    folder.write("consumer.key_secret", "too short", kSecret);
    EXPECT_NE(refusal(folder).find("must hold one key"), std::string::npos);

    folder.write("consumer.key_secret", new_pair().secret_key, kSecret);
    folder.write("consumer.key", new_pair().public_key, kPublic);
    EXPECT_NE(refusal(folder).find("two halves of different pairs"), std::string::npos);
}

TEST(Keys, AreRefusedWhereNobodyKnowsWhichIsMeant) {
    const Folder folder;
    folder.write("consumer-a.key_secret", new_pair().secret_key, kSecret);
    folder.write("consumer-b.key_secret", new_pair().secret_key, kSecret);

    EXPECT_NE(refusal(folder).find("has several keys for the consumer"), std::string::npos);
}

TEST(Endpoint, IsLocalOnlyWhereItsAddressSaysSo) {
    for (const char* local :
         {"tcp://127.0.0.1:1", "tcp://127.9.9.9:1", "tcp://[::1]:1", "tcp://localhost:1",
          "ipc:///tmp/x", "tcp://10.0.0.1:0;127.0.0.1:1"}) {
        EXPECT_TRUE(is_loopback(local)) << local;
    }
    for (const char* far :
         {"tcp://10.0.0.1:1", "tcp://0.0.0.0:1", "tcp://*:1", "tcp://gateway:1",
          "tcp://127.0.0.1.example:1", "tcp://[::]:1", "nonsense", "tcp://127.0.0.1;10.0.0.1:1"}) {
        EXPECT_FALSE(is_loopback(far)) << far;
    }
}

TEST(Endpoint, IsRefusedOffLoopbackWithoutEncryption) {
    EXPECT_THROW(check_endpoint("tcp://10.0.0.1:5555", "X", false), ConfigurationError);
    EXPECT_THROW(check_endpoint("udp://127.0.0.1:5555", "X", false), ConfigurationError);
    EXPECT_NO_THROW(check_endpoint("tcp://10.0.0.1:5555", "X", true));
    EXPECT_NO_THROW(check_endpoint("tcp://127.0.0.1:5555", "X", false));
    const Folder folder;
    const auto path = folder.write("plain", "no socket", kSecret);
    EXPECT_THROW(check_endpoint("ipc://" + path.string(), "X", false), ConfigurationError);
}

}  // namespace
}  // namespace alertwire::testing
