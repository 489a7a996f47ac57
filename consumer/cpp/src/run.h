// The executor's sockets and its loop, on one thread.
#pragma once

#include "logs.h"
#include "settings.h"
#include "signals.h"

namespace alertwire {

// Carries alerts from the producer to the gateways and outcomes back until a signal ends it.
// Throws ConfigurationError.
void run(const Settings& settings, Signals& signals, const Logger& logger);

}  // namespace alertwire
