// The simplest thing a bag could be: a list of points per track, in memory. What the bag does is
// held against it.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/recorder/bag/rows.hpp"

namespace zbag {

class ModelTrack {
 public:
  ModelTrack(std::string name, MergeMode merge, LateMerge late)
      : name_(std::move(name)), merge_(merge), late_(late) {}

  // Takes arrivals in their order and gives the batch a merge buffer would make of them.
  TrackBatch arrive(RowStore& store, const std::vector<Seen>& arrivals) {
    std::vector<Seen> gathered = arrivals;
    std::stable_sort(gathered.begin(), gathered.end(),
                     [](const Seen& a, const Seen& b) { return a.key < b.key; });
    TrackBatch batch;
    batch.name = name_;
    batch.fate.received = arrivals.size();
    fate_.received += arrivals.size();
    const std::optional<std::int64_t> end = main_end_;
    bool meets = false;
    for (auto first = gathered.begin(); first != gathered.end();) {
      const auto last = std::find_if(first, gathered.end(),
                                     [&](const Seen& frame) { return frame.key != first->key; });
      const std::vector<Seen> frames(first, last);
      first = last;
      meets = meets || frames.size() > 1;
      std::vector<Seen> points{frames.front()};
      meet(points, frames, 1, batch.fate);
      for (const Seen& point : points) batch.points.push_back(row_of(store, point));
      store_frames(frames, end);
    }
    if (meets && merge_ != MergeMode::kAppend) {
      for (const Seen& frame : gathered) batch.frames.push_back(row_of(store, frame));
    }
    return batch;
  }

  // Points in the order of their first writing: the place is the index.
  const std::vector<Seen>& by_index() const { return points_; }
  std::vector<Seen> by_time() const {
    std::vector<Seen> sorted = points_;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const Seen& a, const Seen& b) { return a.key < b.key; });
    return sorted;
  }
  std::optional<Seen> floor(std::int64_t key) const {
    std::optional<Seen> last;
    for (const Seen& point : by_time()) {
      if (point.key <= key) last = point;
    }
    return last;
  }
  const Fate& fate() const { return fate_; }
  const std::string& name() const { return name_; }

 private:
  static RowPoint row_of(RowStore& store, const Seen& point) {
    RowPoint row = store.make(point.key, point.fields);
    row.seconds = point.seconds;
    row.wall_ns = point.wall_ns;
    row.has_src = point.src.has_value();
    row.src = point.src.value_or(0);
    row.has_seq = point.seq.has_value();
    row.seq = point.seq.value_or(0);
    return row;
  }

  // The frames from `from` on, one after another, meet the last of the points.
  void meet(std::vector<Seen>& points, const std::vector<Seen>& frames, std::size_t from,
            Fate& fate) const {
    for (std::size_t i = from; i < frames.size(); ++i) {
      Seen& newest = points.back();
      if (merge_ == MergeMode::kAppend) {
        points.push_back(frames[i]);
      } else if (merge_ != MergeMode::kJoin) {
        fate.overwritten +=
            merge_fields(newest.fields, frames[i].fields, merge_ == MergeMode::kDeep);
        ++fate.merged;
      } else if (join_fields(newest.fields, frames[i].fields)) {
        ++fate.merged;
      } else {
        ++fate.kept_apart;
        points.push_back(frames[i]);
      }
    }
  }

  // All of one key. `end` is the last key of the main run before this batch.
  void store_frames(const std::vector<Seen>& frames, std::optional<std::int64_t> end) {
    const std::int64_t key = frames.front().key;
    const auto newest = std::find_if(points_.rbegin(), points_.rend(),
                                     [&](const Seen& point) { return point.key == key; });
    const bool is_behind = end && key <= *end;
    const bool looks_up = merge_ != MergeMode::kAppend && late_ != LateMerge::kAppend;
    std::vector<Seen> points;
    if (is_behind && looks_up && newest != points_.rend()) {
      if (late_ == LateMerge::kReject) {
        fate_.refused[static_cast<std::size_t>(Refusal::kLate)] += frames.size();
        return;
      }
      points.push_back(*newest);
      meet(points, frames, 0, fate_);
      *newest = points.front();
      points.erase(points.begin());
    } else {
      points.push_back(frames.front());
      meet(points, frames, 1, fate_);
    }
    if (!end || key > *end) main_end_ = key;
    fate_.points += points.size();
    points_.insert(points_.end(), points.begin(), points.end());
  }

  std::string name_;
  MergeMode merge_;
  LateMerge late_;
  std::vector<Seen> points_;
  std::optional<std::int64_t> main_end_;
  Fate fate_;
};

// Points of all tracks in global order: by key, by name, by arrival.
inline std::vector<Seen> in_global_order(const std::vector<ModelTrack>& tracks,
                                         TimeRange range = TimeRange::all()) {
  std::map<std::string, std::vector<Seen>> by_name;
  for (const ModelTrack& track : tracks) by_name[track.name()] = track.by_time();
  std::vector<Seen> all;
  for (const auto& [name, points] : by_name) {
    for (const Seen& point : points) {
      if (range.contains(point.key)) all.push_back(point);
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Seen& a, const Seen& b) { return a.key < b.key; });
  return all;
}

// How late arrivals are: one in five, somewhere behind; or one in three by some points, as of two
// publishers, and one in forty by far; or none but where the clock steps, far back and far ahead.
enum class Lateness : std::uint8_t { kAnywhere, kByALittle, kClockSteps };

// Arrivals that mostly go forward in time, often meet, and sometimes come late.
class RandomArrivals {
 public:
  explicit RandomArrivals(std::uint64_t seed, Lateness lateness = Lateness::kAnywhere)
      : random_(seed), lateness_(lateness) {}

  std::vector<Seen> some(const std::string& track, std::size_t most) {
    std::vector<Seen> arrivals;
    for (std::size_t i = below(most) + 1; i > 0; --i) {
      clock_ += static_cast<std::int64_t>(below(4)) * 500;
      if (lateness_ == Lateness::kClockSteps && below(200) == 0)
        clock_ += (static_cast<std::int64_t>(below(40'000)) - 20'000) * 500;
      const std::int64_t back = static_cast<std::int64_t>(steps_back()) * 500;
      arrival_ = std::max(arrival_ + 1, clock_);  // no two at one instant
      Seen point{track, clock_ - back, 0.0, arrival_, {}, {}, fields()};
      point.seconds =
          below(2) == 0 ? seconds_of_key(point.key) : static_cast<double>(point.key) * 1e-9;
      if (below(3) != 0) point.src = below(3);
      if (below(3) != 0) point.seq = below(1'000);
      arrivals.push_back(std::move(point));
    }
    return arrivals;
  }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::int64_t clock() const { return clock_; }

 private:
  std::uint64_t steps_back() {
    if (lateness_ == Lateness::kClockSteps) return 0;
    if (lateness_ == Lateness::kAnywhere) return below(below(5) == 0 ? 400 : 3);
    if (below(40) == 0) return below(4'000);
    return below(below(3) == 0 ? 40 : 3);
  }

  Fields fields() {
    Fields fields;
    for (const char* name : {"a", "b", "c"}) {
      if (below(2) == 0) fields.emplace_back(name, below(3));
    }
    if (below(4) == 0) fields.emplace_back("map", Fields{{below(2) == 0 ? "x" : "y", below(3)}});
    // Now and then a point that fills a good part of a block, or is one alone.
    if (below(40) == 0)
      fields.emplace_back("text", std::string(1'500, static_cast<char>('a' + below(3))));
    if (below(60) == 0)
      fields.emplace_back("image", Binary{std::string(9'000, static_cast<char>('a' + below(3)))});
    return fields;
  }

  std::mt19937_64 random_;
  const Lateness lateness_;
  std::int64_t clock_ = -150'000;
  std::int64_t arrival_ = clock_;
};

}  // namespace zbag
