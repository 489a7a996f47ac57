#include "metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace alertwire {
namespace {

constexpr std::string_view kAckPrefix = "ACK_KIND_";
constexpr double kMicrosPerSecond = 1e6;

std::string label_of(v1::AckKind kind) {
    std::string name = v1::AckKind_Name(kind).substr(kAckPrefix.size());
    std::ranges::transform(name, name.begin(),
                           [](char sign) { return static_cast<char>(sign - 'A' + 'a'); });
    return name;
}

double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / kMicrosPerSecond;
}

double resident_bytes() {
    std::ifstream file("/proc/self/statm");
    double all_pages = 0;
    double resident_pages = 0;
    file >> all_pages >> resident_pages;
    return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

prometheus::Counter& counter(prometheus::Registry& registry, const std::string& name,
                             const std::string& help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge& gauge(prometheus::Registry& registry, const std::string& name,
                         const std::string& help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

Metrics::Metrics()
    : registry_(std::make_unique<prometheus::Registry>()),
      acks_(prometheus::BuildCounter()
                .Name("alertwire_executor_acks_total")
                .Help("Acks sent to the producer.")
                .Register(*registry_)),
      commands_(counter(*registry_, "alertwire_executor_commands_total",
                        "Commands sent to the gateway.")),
      in_hand_(gauge(*registry_, "alertwire_executor_alerts_in_hand",
                     "Alerts waiting for the gateway.")),
      cpu_s_(counter(*registry_, "process_cpu_seconds_total",
                     "Total user and system CPU time spent in seconds.")),
      resident_bytes_(
          gauge(*registry_, "process_resident_memory_bytes", "Resident memory size in bytes.")) {}

Metrics::~Metrics() = default;

void Metrics::count_ack(v1::AckKind kind) { acks_.Add({{"kind", label_of(kind)}}).Increment(); }
void Metrics::count_command() { commands_.Increment(); }
void Metrics::set_in_hand(std::size_t alerts) { in_hand_.Set(static_cast<double>(alerts)); }

std::string Metrics::text() {
    look_at_process();
    return prometheus::TextSerializer().Serialize(registry_->Collect());
}

void Metrics::look_at_process() {
    cpu_s_.Increment(cpu_seconds() - cpu_s_.Value());
    resident_bytes_.Set(resident_bytes());
}

}  // namespace alertwire
