// A clock of the thread's own, as its time on the CPU is one: how long it has been within commits
// of LMDB, which write pages and wait for the disk.
#pragma once

#include <chrono>

namespace zbag {

// Since the thread began; it only grows. Costs no call of the system.
std::chrono::nanoseconds committing_time_of_thread();

}  // namespace zbag
