#include "decimal.h"

#include <gtest/gtest.h>

namespace alertwire::testing {
namespace {

TEST(Decimal, TakesTheContractsFormAndNothingElse) {
    for (const char* good : {"0", "-0", "1", "10", "-12.5", "0.000000000001",
                             "999999999999999999.999999999999", "1.50"}) {
        EXPECT_TRUE(is_decimal(good)) << good;
    }
    for (const char* bad :
         {"", "-", "+1", "01", "00", "1.", ".5", "1e5", "NaN", "Infinity", "1 ", " 1", "1,5",
          "1000000000000000000", "0.0000000000001", "--1", "1.5.5", "1\n", "\xd9\xa1"}) {
        EXPECT_FALSE(is_decimal(bad)) << bad;
    }
    EXPECT_FALSE(is_decimal(std::string_view("1\0", 2)));
}

TEST(Decimal, ReadsFactorsAsPeopleWriteThem) {
    const auto read = [](const char* text) { return read_factor(text, 12, 6).value_or("refused"); };
    EXPECT_EQ(read("0.5"), "0.5");
    EXPECT_EQ(read(".5"), "0.5");
    EXPECT_EQ(read("2"), "2");
    EXPECT_EQ(read("+2"), "2");
    EXPECT_EQ(read("007.50"), "7.50");
    EXPECT_EQ(read("1e2"), "100");
    EXPECT_EQ(read("25e-2"), "0.25");
    EXPECT_EQ(read("1e-06"), "0.000001");
    EXPECT_EQ(read("0.5000000000"), "0.500000");
    for (const char* bad : {"", "0", "0.0", "-1", "1e-7", "1234567", "nan", "inf", "1e", "1e99",
                            "1_000", "a", "1.5x", " 1"}) {
        EXPECT_EQ(read(bad), "refused") << bad;
    }
}

TEST(Decimal, KnowsOne) {
    EXPECT_TRUE(is_one("1"));
    EXPECT_TRUE(is_one("1.000"));
    EXPECT_FALSE(is_one("1.001"));
    EXPECT_FALSE(is_one("10"));
}

}  // namespace
}  // namespace alertwire::testing
