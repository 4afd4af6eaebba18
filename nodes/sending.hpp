// What the verbs that send recordings (play, pub) have in common: they wait for somebody who
// listens, and for room rather than lose a frame; and they say so when there is nobody to wait for.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "bus/session/session.hpp"
#include "nodes/usual_options.hpp"

namespace zbag {

// Of a session that waits for room and leaves only when its last frame has, and tells of a broker
// that goes and comes back.
Session::BusOptions patient_bus(const std::string& verb, const BusUrls& urls);

// Waits until `listens`, which waits that long itself, or `is_stopping` says so, or --wait is over:
// then it warns that nobody listens.
void await_listener(const std::string& verb, const BusUrls& urls, WaitSeconds wait,
                    const std::function<bool(std::chrono::milliseconds)>& listens,
                    const std::function<bool()>& is_stopping);

}  // namespace zbag
