// executor-cpp: Alertwire's executor in C++.
#include <google/protobuf/stubs/logging.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "environment.h"
#include "faults.h"
#include "known_settings.h"
#include "lines.h"
#include "logs.h"
#include "run.h"
#include "settings.h"
#include "signals.h"

namespace {

// The operator must change something (sysexits.h EX_CONFIG).
constexpr int kExitConfiguration = 78;
constexpr int kExitBug = 1;

constexpr std::string_view kHelp =
    R"(executor-cpp carries alerts from Alertwire's producer to its gateway and outcomes back.

It takes no argument: like every process of Alertwire it reads the environment, then .env, then
alertwire.toml. Start as many as you like, of any language; each can be killed at any moment.

  ALERTWIRE_ALERTS_ENDPOINT       where deliveries come from   (tcp://127.0.0.1:5555)
  ALERTWIRE_ACKS_ENDPOINT         where acks go                (tcp://127.0.0.1:5556)
  ALERTWIRE_COMMANDS_ENDPOINT     where commands go            (tcp://127.0.0.1:5557)
  ALERTWIRE_CONFIG                routes and gateways          (alertwire.toml; may be missing)
  ALERTWIRE_HOME                  its keys/bus holds the keys  (var)
  ALERTWIRE_CONSUMER_HEALTH_PORT  /healthz, /readyz, /metrics  (0: none)
  ALERTWIRE_HEALTH_HOST           where that port listens      (127.0.0.1)
  ALERTWIRE_LOG_LEVEL             debug, info, warning, error  (info)
  ALERTWIRE_LOG_FORMAT            json, console, auto          (auto)

Signals: SIGTERM and SIGINT finish what is in hand, at most 5 s; SIGHUP reads alertwire.toml again.
Exit codes: 0 stopped on request, 78 something must be configured (one line on stderr), 1 a bug.

  --help     this text
  --version  the version
)";

// Keeps what somebody else wrote on the one line that the operator reads.
std::string plain(std::string_view text) {
    std::string shown(text);
    std::ranges::replace_if(
        shown, [](unsigned char sign) { return sign < ' ' || sign == '\x7f'; }, '?');
    return shown;
}

int serve() {
    // What cannot be read is told by our own log, as a line of JSON like any other.
    google::protobuf::SetLogHandler(nullptr);
    // Before any thread: all of them shall leave signals to this one.
    alertwire::Signals signals;
    const alertwire::Settings settings = alertwire::load_settings(alertwire::read_environment());
    alertwire::Lines lines(STDERR_FILENO);
    const alertwire::Logger logger(settings.log_level, settings.log_form, settings.secrets,
                                   [&lines](std::string line) { lines.write(std::move(line)); });
    logger.info("process_started", {{"version", std::string(alertwire::kVersion)}});
    try {
        alertwire::run(settings, signals, logger);
    } catch (const alertwire::ConfigurationError&) {
        throw;
    } catch (const std::exception& error) {
        logger.critical("process_failed", {{"reason", std::string(error.what())}});
        return kExitBug;
    }
    logger.info("process_stopped");
    return 0;
}

}  // namespace

int main(int count, char** values) {
    const std::span arguments(values, static_cast<std::size_t>(count));
    const std::string_view argument = count > 1 ? arguments[1] : "";
    if (argument == "--help" || argument == "-h") {
        std::cout << kHelp;
        return 0;
    }
    if (argument == "--version") {
        std::cout << "executor-cpp " << alertwire::kVersion << '\n';
        return 0;
    }
    if (count > 1) {
        std::cerr << "consumer: takes no argument: " << plain(argument) << "; --help tells more\n";
        return kExitConfiguration;
    }
    try {
        return serve();
    } catch (const alertwire::ConfigurationError& error) {
        std::cerr << "consumer: " << plain(error.what()) << '\n';
        return kExitConfiguration;
    } catch (const std::exception& error) {
        std::cerr << "consumer: " << plain(error.what()) << '\n';
        return kExitBug;
    }
}
