#include "schemas/points/merge.hpp"

#include <algorithm>
#include <utility>

#include "schemas/growing_map.hpp"

namespace zbag {
namespace {

GrowingMap::Meets values_of(MergeMode mode) {
  if (mode == MergeMode::kJoin) return GrowingMap::Meets::kStays;
  return mode == MergeMode::kDeep ? GrowingMap::Meets::kMerges : GrowingMap::Meets::kGivesWay;
}

// The newest point of a stamp. Of many frames that become one point, one row is made.
class Newest {
 public:
  Newest(MergeMode mode, std::deque<std::string>& rows, std::vector<RowPoint>& points,
         MergeCounts& counts)
      : mode_(mode), rows_(rows), points_(points), counts_(counts) {}

  void begin(const RowPoint& frame) {
    finish();
    points_.push_back(frame);
    map_.reset();
  }
  void meet(const RowPoint& frame) {
    if (!map_) map_.emplace(points_.back().map());
    const GrowingMap::Prospect prospect = map_->look_at(frame.map(), values_of(mode_));
    const bool is_large = prospect.bytes > kPairsBytesMax;
    if (mode_ != MergeMode::kJoin) {
      overwrite(frame, is_large, prospect.differing);
    } else if (prospect.differing > 0 || is_large) {
      ++counts_.kept_apart;
      begin(frame);
    } else {
      ++counts_.merged;
      if (prospect.added > 0) take_in(frame);
    }
  }
  void finish() {
    if (!std::exchange(has_grown_, false)) return;
    std::string& row = rows_.emplace_back();
    map_->append_to(row);
    RowPoint& point = points_.back();
    point.fields = map_->count();
    point.pairs = reinterpret_cast<const std::uint8_t*>(row.data());
    point.pairs_bytes = static_cast<std::uint32_t>(row.size());
    point.shape = 0;
  }

 private:
  void overwrite(const RowPoint& frame, bool is_large, std::uint64_t differing) {
    if (is_large) {
      ++counts_.too_large;
      return;
    }
    counts_.overwritten += differing;
    ++counts_.merged;
    take_in(frame);
  }
  void take_in(const RowPoint& frame) {
    map_->take_in(frame.map(), values_of(mode_));
    has_grown_ = true;
  }

  const MergeMode mode_;
  std::deque<std::string>& rows_;
  std::vector<RowPoint>& points_;
  MergeCounts& counts_;
  std::optional<GrowingMap> map_;  // of points_.back(), once a frame has met it
  bool has_grown_ = false;
};

}  // namespace

MergeMode MergeRules::of(std::string_view track) const {
  const auto last = std::find_if(rules.rbegin(), rules.rend(), [&](const MergeRule& rule) {
    return !rule.tracks || rule.tracks->matches(track);
  });
  return last == rules.rend() ? MergeMode::kJoin : last->mode;
}

void MergeCounts::add_to(Fate& fate) const {
  fate.merged += merged;
  fate.kept_apart += kept_apart;
  fate.overwritten += overwritten;
  fate.refused[static_cast<std::size_t>(Refusal::kTooLarge)] += too_large;
}

void MergeCounts::take_from(Fate& fate) const {
  fate.merged -= merged;
  fate.kept_apart -= kept_apart;
  fate.overwritten -= overwritten;
  fate.refused[static_cast<std::size_t>(Refusal::kTooLarge)] -= too_large;
}

void merge_frames(std::span<const RowPoint> frames, MergeMode mode, std::deque<std::string>& rows,
                  std::vector<RowPoint>& points, MergeCounts& counts) {
  if (mode == MergeMode::kAppend) {
    points.insert(points.end(), frames.begin(), frames.end());
    return;
  }
  Newest newest(mode, rows, points, counts);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (i == 0) {
      newest.begin(frames[i]);
    } else {
      newest.meet(frames[i]);
    }
  }
  newest.finish();
}

MergeCounts count_merges(std::span<const RowPoint> frames, MergeMode mode) {
  MergeCounts counts;
  std::deque<std::string> rows;
  std::vector<RowPoint> points;
  merge_frames(frames, mode, rows, points, counts);
  return counts;
}

Meeting meet(const RowPoint& stored, std::span<const RowPoint> frames, MergeMode mode,
             std::deque<std::string>& rows) {
  Meeting meeting;
  std::vector<RowPoint> sequence{stored};
  sequence.insert(sequence.end(), frames.begin(), frames.end());
  merge_frames(sequence, mode, rows, meeting.points, meeting.counts);
  return meeting;
}

}  // namespace zbag
