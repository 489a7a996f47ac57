// What the executor counts, under the names that every executor uses.
#pragma once

#include <memory>
#include <string>

#include "alertwire/v1/delivery.pb.h"

namespace prometheus {
class Counter;
class Gauge;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace alertwire {

// May be counted by one thread and read by another.
class Metrics {
public:
    Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;
    ~Metrics();

    void count_ack(v1::AckKind kind);
    void count_command();
    void set_in_hand(std::size_t alerts);

    // Everything in Prometheus' text format.
    [[nodiscard]] std::string text();

private:
    void look_at_process();

    std::unique_ptr<prometheus::Registry> registry_;
    prometheus::Family<prometheus::Counter>& acks_;
    prometheus::Counter& commands_;
    prometheus::Gauge& in_hand_;
    prometheus::Counter& cpu_s_;
    prometheus::Gauge& resident_bytes_;
};

}  // namespace alertwire
