// Gathers the points of every track until they are due to be written.
//
// Frames of one track with one timestamp become one point: fields merge in arrival order, the later
// value of a field wins; under MergeMode::kAppend every frame stays a point of its own.
//
// Guarantee: what take() hands out is in order of key within a track, each point once, and holds
// every chunk added before: a prefix of what arrived.
// Limits: holds what its owner adds; the owner bounds it by the chunks' weight.
//
// Not thread-safe: owned by the writer thread. Never blocks or logs.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recorder/intake.hpp"
#include "schemas/points/batch.hpp"

namespace zbag {

// A batch with everything its rows lie in.
struct HeldBatch {
  Batch batch;
  std::deque<std::string> merged_rows;
  // Shared with the merge buffer when only one track was taken and others still point into them.
  std::vector<std::shared_ptr<const Chunk>> chunks;
  bool owns_chunks = false;  // nobody else does
  std::size_t points = 0;
  std::chrono::steady_clock::time_point began{};  // when storing it began
};

class MergeBuffer {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit MergeBuffer(MergeMode mode) : mode_(mode) {}

  // Takes over a chunk. `now` is monotonic.
  void add(Chunk chunk, SteadyTime now);

  // Everything held, or the points of `track` alone.
  HeldBatch take(const std::string* track = nullptr);

  // Names of the tracks that hold `points_max` points or whose oldest is `age_max` old at `now`.
  std::vector<std::string> due(std::size_t points_max, std::chrono::nanoseconds age_max,
                               SteadyTime now) const;

  bool empty() const { return chunks_.empty(); }
  std::size_t weight() const { return weight_; }  // bytes of the chunks held
  std::size_t bytes() const { return bytes_; }    // of the fields of what arrived
  bool holds_points() const { return arrivals_ > 0; }

 private:
  struct Slot {
    std::string name;
    std::vector<RowPoint> points;
    bool is_sorted = true;
    SteadyTime since{};
    Fate fate;
    std::optional<LossLedger::TrackLoss> loss;
    bool has_news = false;
    std::string* merged_row = nullptr;  // in merged_rows_: the one made last
    FirstValues first_values;
  };
  void put(Slot& slot, const RowPoint& point, SteadyTime now);
  void merge(Slot& slot, RowPoint& into, const RowPoint& later);
  void keep_first_values(Slot& slot, const RowPoint& into, const RowPoint& later) const;
  void sort_and_merge(Slot& slot);
  void take_slot(Slot& slot, HeldBatch& held);

  const MergeMode mode_;
  std::vector<Slot> slots_;  // by track number
  std::vector<std::shared_ptr<const Chunk>> chunks_;
  std::deque<std::string> merged_rows_;
  std::vector<LossRecord> losses_;
  Fate unnamed_;
  std::size_t weight_ = 0;
  std::size_t bytes_ = 0;
  std::size_t arrivals_ = 0;
};

}  // namespace zbag
