// Measures the phases of some work, on the thread that does it.
//
//   PhaseTimer timer;
//   {
//     const auto flush = timer.phase("flush");
//     const auto lap = flush.lap("encode");  // or in one line: timer.phase("flush").lap("encode")
//     ...
//   }
//   std::vector<PhaseTiming> phases = timer.timings();
//
// A phase lasts as long as what phase() gave, or one of its laps, lives; it may be entered often,
// and its times add up. Of phases within each other only the innermost runs: so all totals together
// are never longer than the time that passed. Laps are parts of their phase; what an inner phase
// takes is none of them.
//
// Entering and leaving reads the clock once each, takes no lock, and allocates only for a name that
// is new. One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/timings/timing_record.hpp"

namespace zbag {

class PhaseTimer {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Now = Time (*)();

  // `phases` have their places in timings(), in that order, though they may never be entered.
  // `agent` says who does all of it; empty: that is not said. `now` is monotonic.
  explicit PhaseTimer(std::vector<std::string> phases = {}, std::string agent = "",
                      Now now = std::chrono::steady_clock::now);
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

  class Lap;
  // A phase being measured, or nothing.
  class [[nodiscard]] Phase {
   public:
    Phase() = default;
    ~Phase();
    Phase(Phase&& other) noexcept
        : timer_(std::exchange(other.timer_, nullptr)), place_(other.place_) {}
    Phase(const Phase&) = delete;
    Phase& operator=(const Phase&) = delete;
    Phase& operator=(Phase&&) = delete;

    // From here to the end of what it gives, as "NAME_seconds" of the phase.
    Lap lap(std::string_view name) const;

   private:
    friend class PhaseTimer;
    friend class Lap;
    Phase(PhaseTimer* timer, std::size_t place) : timer_(timer), place_(place) {}
    PhaseTimer* timer_ = nullptr;
    std::size_t place_ = 0;
  };

  class [[nodiscard]] Lap {
   public:
    ~Lap();
    Lap(Lap&& other) noexcept
        : phase_(std::move(other.phase_)), part_(other.part_), began_(other.began_) {}
    Lap(const Lap&) = delete;
    Lap& operator=(const Lap&) = delete;
    Lap& operator=(Lap&&) = delete;

   private:
    friend class Phase;
    Lap(Phase phase, std::size_t part, std::chrono::nanoseconds began)
        : phase_(std::move(phase)), part_(part), began_(began) {}
    Phase phase_;  // holds it open
    std::size_t part_;
    std::chrono::nanoseconds began_;  // what the phase had taken by then
  };

  Phase phase(std::string_view name);
  // Gives `span` of what the phase that runs has taken to the phase `name`: for times that are
  // measured elsewhere, within this phase. No more than it has taken.
  void give(std::string_view name, std::chrono::nanoseconds span);

  // By now; phases that run are in it.
  std::vector<PhaseTiming> timings() const;

 private:
  using Span = std::chrono::nanoseconds;
  struct Entry {
    std::string name;
    Span spent{0};
    std::size_t open = 0;  // by how many phases and laps it is held
    std::vector<std::pair<std::string, Span>> parts = {};
  };
  std::size_t place_of(std::string_view name);
  Phase enter(std::size_t place);
  void leave(std::size_t place);
  // Gives what passed since to the phase that ran.
  void settle();

  const std::string agent_;
  const Now now_;
  std::deque<Entry> entries_;
  std::vector<std::size_t> running_;  // the innermost last; each once
  Time since_;
};

// Nothing where there is no timer: what is not measured costs a comparison.
inline PhaseTimer::Phase phase_of(PhaseTimer* timer, std::string_view name) {
  return timer == nullptr ? PhaseTimer::Phase() : timer->phase(name);
}

}  // namespace zbag
