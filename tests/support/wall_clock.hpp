// The wall clock of this program, which a test may set.
//
// wall_clock.cpp defines clock_gettime for the whole program: listed among a test's sources it
// moves std::chrono::system_clock, and what libraries read of CLOCK_REALTIME, as somebody who sets
// the clock does. The steady clock goes on.
#pragma once

#include <chrono>

namespace zbag {

// Moves the wall clock by so much, forwards or back, from where it is. Thread-safe.
void step_wall_clock(std::chrono::seconds by);

}  // namespace zbag
