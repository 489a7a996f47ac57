#include "signals.h"

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace alertwire {

Signals::Signals() {
    // Whoever reads our log or a probe may hang up at any time.
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGTERM);
    sigaddset(&heard, SIGINT);
    sigaddset(&heard, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &heard, nullptr) != 0) {
        throw std::system_error(errno, std::generic_category(), "pthread_sigmask");
    }
    descriptor_ = Descriptor(::signalfd(-1, &heard, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!descriptor_.is_open()) {
        throw std::system_error(errno, std::generic_category(), "signalfd");
    }
}

void Signals::take() {
    signalfd_siginfo signal{};
    while (::read(descriptor_.get(), &signal, sizeof signal) == sizeof signal) {
        (signal.ssi_signo == SIGHUP ? wants_reload_ : wants_stop_) = true;
    }
}

}  // namespace alertwire
