#include "run.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "bus.h"
#include "clock.h"
#include "decode.h"
#include "executor.h"
#include "faults.h"
#include "gateways.h"
#include "health.h"
#include "metrics.h"
#include "routes.h"

namespace alertwire {
namespace {

// How long alerts in hand may still be answered after SIGTERM.
constexpr std::chrono::seconds kStopTimeout{5};
// How long the last acks may take to leave.
constexpr std::chrono::milliseconds kLinger{200};
constexpr std::size_t kHostLengthMax = 20;

// Names this run of the process: consumer-HOST-PID-9f3a.
std::string run_id() {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    std::array<char, 8> random{};
    std::snprintf(random.data(), random.size(), "%04x", std::random_device()() & 0xFFFFU);
    return "consumer-" + std::string(host.data()).substr(0, kHostLengthMax) + "-" +
           std::to_string(getpid()) + "-" + random.data();
}

class Loop {
public:
    Loop(const Settings& settings, Signals& signals, const Logger& logger)
        : settings_(settings),
          signals_(signals),
          log_(logger),
          bus_(settings, logger),
          pull_(bus_.connect(zmq::socket_type::pull, settings.alerts_endpoint,
                             "ALERTWIRE_ALERTS_ENDPOINT", "producer")),
          push_(bus_.connect(zmq::socket_type::push, settings.acks_endpoint,
                             "ALERTWIRE_ACKS_ENDPOINT", "producer")),
          gateways_(bus_, settings.commands_endpoint),
          executor_(run_id(), first_routes(), clock_, logger, outlets()) {
        if (settings.health_port != 0) {
            health_.emplace(settings.health_host, settings.health_port,
                            [this] { return metrics_.text(); });
        }
    }

    void run() {
        while (clock_.instant() < give_up_) {
            if (signals_.wants_stop() && pull_) {
                stop_taking();
            }
            if (!pull_ && executor_.in_hand() == 0) {
                break;
            }
            wait();
            gateways_.drain_all([this](const std::string& gateway, std::string_view frame) {
                executor_.take_reply(gateway, frame);
            });
            if (pull_) {
                drain(pull_->socket(),
                      [this](std::string_view frame) { executor_.take_delivery(frame); });
            }
            executor_.tick();
            metrics_.set_in_hand(executor_.in_hand());
            signals_.take();
            bus_.watch().tend(clock_.instant());
            if (signals_.wants_reload()) {
                reload();
            }
        }
        push_->socket().set(zmq::sockopt::linger, static_cast<int>(kLinger.count()));
        gateways_.linger(kLinger);
    }

private:
    Routes first_routes() {
        Routes routes = load_routes(settings_.config);
        gateways_.use(routes.gateways);
        return routes;
    }

    Executor::Outlets outlets() {
        return {[this](const v1::Ack& ack) {
                    const bool is_sent = try_send(push_->socket(), encode(ack));
                    if (is_sent) {
                        metrics_.count_ack(ack.kind());
                    }
                    return is_sent;
                },
                [this](const std::string& gateway, const v1::OrderCommand& command) {
                    const bool is_sent = gateways_.send(gateway, command);
                    if (is_sent) {
                        metrics_.count_command();
                    }
                    return is_sent;
                }};
    }

    void stop_taking() {
        give_up_ = clock_.instant() + kStopTimeout;
        // What waits in this socket was not acked: the producer gives it to another executor.
        pull_.reset();
        executor_.stop();
    }

    void wait() {
        items_.assign(1, {nullptr, signals_.descriptor(), ZMQ_POLLIN, 0});
        if (pull_) {
            items_.push_back({pull_->socket().handle(), 0, ZMQ_POLLIN, 0});
        }
        gateways_.append_to(items_);
        try {
            zmq::poll(items_, executor_.until_tick());
        } catch (const zmq::error_t& error) {
            if (error.num() != EINTR) {
                throw;
            }
        }
    }

    void reload() {
        try {
            Routes routes = load_routes(settings_.config);
            if (const std::string_view what = lost(executor_.routes(), routes); !what.empty()) {
                std::error_code error;
                const bool is_there = std::filesystem::exists(settings_.config, error);
                throw ConfigurationError(settings_.config.string() + " " +
                                         std::string(is_there ? what : "is gone"));
            }
            gateways_.use(routes.gateways);
            std::vector<std::string> removed;
            std::ranges::set_difference(executor_.routes().sections, routes.sections,
                                        std::back_inserter(removed));
            executor_.use(std::move(routes));
            log_.info("routes_reloaded", {{"removed", removed}});
        } catch (const ConfigurationError& error) {
            log_.error("routes_kept",
                       {{"alarm", true},
                        {"reason", std::string(error.what())},
                        {"remedy",
                         "the old routes stay in force; mend the file (alertwire config "
                         "check), then send SIGHUP again"}});
        }
    }

    const Settings& settings_;
    Signals& signals_;
    const Logger& log_;
    SystemClock clock_;
    Metrics metrics_;
    Bus bus_;
    std::shared_ptr<Connection> pull_;
    std::shared_ptr<Connection> push_;
    Gateways gateways_;
    Executor executor_;
    std::optional<Health> health_;
    std::vector<zmq::pollitem_t> items_;
    Clock::Instant give_up_ = Clock::Instant::max();
};

}  // namespace

void run(const Settings& settings, Signals& signals, const Logger& logger) {
    Loop(settings, signals, logger).run();
}

}  // namespace alertwire
