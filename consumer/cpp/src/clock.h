// Time, as the executor asks for it.
#pragma once

#include <chrono>

namespace alertwire {

class Clock {
public:
    using WallTime = std::chrono::system_clock::time_point;
    using Instant = std::chrono::steady_clock::time_point;

    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    // The date, for stamps.
    [[nodiscard]] virtual WallTime now() const = 0;
    // For deadlines: never set back.
    [[nodiscard]] virtual Instant instant() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] WallTime now() const override { return std::chrono::system_clock::now(); }
    [[nodiscard]] Instant instant() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace alertwire
