#include "lines.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "descriptor.h"

namespace alertwire::testing {
namespace {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe(ends.data()), 0);
        out = Descriptor(ends[0]);
        in = Descriptor(ends[1]);
    }
    Descriptor out;
    Descriptor in;
};

TEST(Lines, AreAllWrittenInOrderBeforeTheEnd) {
    const Pipe pipe;
    {
        Lines lines(pipe.in.get());
        for (int number = 0; number < 100; ++number) {
            lines.write(std::to_string(number));
        }
    }
    std::array<char, 4096> buffer{};
    const ssize_t size = ::read(pipe.out.get(), buffer.data(), buffer.size());
    const std::string text(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));

    EXPECT_TRUE(text.starts_with("0\n1\n2\n"));
    EXPECT_TRUE(text.ends_with("98\n99\n"));
}

TEST(Lines, NeitherWaitNorGrowWhereNobodyReads) {
    const Pipe pipe;
    Lines lines(pipe.in.get());
    for (int number = 0; number < 30'000; ++number) {
        lines.write(std::string(100, 'x'));
    }
    // Nobody ever reads: its end must come nevertheless.
}

}  // namespace
}  // namespace alertwire::testing
