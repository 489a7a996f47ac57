// Signals as something to poll: they interrupt nothing and arrive between two frames.
#pragma once

#include "descriptor.h"

namespace alertwire {

class Signals {
public:
    // Before any thread is started: each inherits the mask.
    Signals();

    [[nodiscard]] int descriptor() const { return descriptor_.get(); }

    // Takes what came: SIGTERM and SIGINT, or SIGHUP.
    void take();
    [[nodiscard]] bool wants_stop() const { return wants_stop_; }
    // Whether SIGHUP came since the last time this was asked.
    [[nodiscard]] bool wants_reload() { return std::exchange(wants_reload_, false); }

private:
    Descriptor descriptor_;
    bool wants_stop_ = false;
    bool wants_reload_ = false;
};

}  // namespace alertwire
