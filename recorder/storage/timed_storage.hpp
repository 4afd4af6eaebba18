// A storage that measures how long preparing and storing take (`record --timings`).
#pragma once

#include "recorder/storage/storage.hpp"
#include "schemas/timings/phase_timer.hpp"

namespace zbag {

// Opens what `open_storage` does. What runs on the thread that prepares is measured by `preparing`:
// `encode`, and `commit` where it writes itself; what store() takes by `storing`, as `commit`;
// `fsync` is what LMDB takes of that to make it durable. The timers outlive every storage.
OpenStorage timed_storage(OpenStorage open_storage, PhaseTimer& preparing, PhaseTimer& storing);

}  // namespace zbag
