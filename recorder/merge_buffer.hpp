// Gathers the points of every track until they are due to be written.
//
// Frames of one track and one stamp become points by the track's MergeMode when they are taken.
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
  std::deque<std::string> merged_rows;  // of points that several frames became
  // Shared with the merge buffer when only one track was taken and others still point into them.
  std::vector<std::shared_ptr<const Chunk>> chunks;
  bool owns_chunks = false;  // nobody else does
  std::size_t points = 0;
  std::chrono::steady_clock::time_point began{};  // when storing it began
};

class MergeBuffer {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit MergeBuffer(MergeRules rules) : rules_(std::move(rules)) {}

  // Takes over a chunk. `now` is monotonic.
  void add(Chunk chunk, SteadyTime now);

  // Everything held, or the points of `track` alone.
  HeldBatch take(const std::string* track = nullptr);

  // Names of the tracks that hold `points_max` points or whose oldest is `age_max` old at `now`;
  // frames of one stamp that came one after another count as one point.
  std::vector<std::string> due(std::size_t points_max, std::chrono::nanoseconds age_max,
                               SteadyTime now) const;

  bool empty() const { return chunks_.empty(); }
  std::size_t weight() const { return weight_; }  // bytes of the chunks held
  std::size_t bytes() const { return bytes_; }    // of the fields of what arrived
  bool holds_points() const { return arrivals_ > 0; }

 private:
  struct Slot {
    std::string name;
    MergeMode mode = MergeMode::kJoin;
    std::vector<RowPoint> frames;  // as they came
    std::size_t points = 0;        // about what they will become
    bool is_sorted = true;
    SteadyTime since{};
    Fate fate;
    std::optional<LossLedger::TrackLoss> loss;
    bool has_news = false;
  };
  static void put(Slot& slot, const RowPoint& frame, SteadyTime now);
  static void merge(Slot& slot, HeldBatch& held, TrackBatch& batch);
  static void take_slot(Slot& slot, HeldBatch& held);

  const MergeRules rules_;
  std::vector<Slot> slots_;  // by track number
  std::vector<std::shared_ptr<const Chunk>> chunks_;
  std::vector<LossRecord> losses_;
  Fate unnamed_;
  std::size_t weight_ = 0;
  std::size_t bytes_ = 0;
  std::size_t arrivals_ = 0;
};

}  // namespace zbag
