// executor-cpp: Alertwire's executor in C++.
#include <google/protobuf/stubs/logging.h>
#include <unistd.h>

#include <exception>
#include <iostream>
#include <optional>
#include <span>
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

constexpr std::string_view kHelp = R"(Usage: executor-cpp [--help | --version]

Alertwire's executor: takes alerts from the producer, plans them, has the gateway
carry them out and tells the producer how each ended. It keeps nothing on disk; run
as many as you like.

It needs no argument. The environment, and the file .env beneath it, may set:

  ALERTWIRE_ALERTS_ENDPOINT      the producer's alerts    (tcp://127.0.0.1:5555)
  ALERTWIRE_ACKS_ENDPOINT        the producer's acks      (tcp://127.0.0.1:5556)
  ALERTWIRE_COMMANDS_ENDPOINT    the gateway's commands   (tcp://127.0.0.1:5557)
  ALERTWIRE_CONFIG               routes and accounts      (./alertwire.toml)
  ALERTWIRE_HOME                 its keys/bus holds keys  (./var)
  ALERTWIRE_CONSUMER_HEALTH_PORT /healthz, /readyz, /metrics; 0: none
  ALERTWIRE_HEALTH_HOST          where that port listens  (127.0.0.1)
  ALERTWIRE_LOG_LEVEL            debug, info, warning or error
  ALERTWIRE_LOG_FORMAT           json, console or auto

SIGTERM finishes what is in hand and ends it with 0; SIGHUP reads alertwire.toml
again. A wrong configuration is one line on stderr and exit code 78.
)";

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
        std::cerr << "consumer: takes no argument: " << argument << "; --help tells more\n";
        return kExitConfiguration;
    }
    try {
        return serve();
    } catch (const alertwire::ConfigurationError& error) {
        std::cerr << "consumer: " << error.what() << '\n';
        return kExitConfiguration;
    } catch (const std::exception& error) {
        std::cerr << "consumer: " << error.what() << '\n';
        return kExitBug;
    }
}
