#include "schemas/points/merge.hpp"

#include <algorithm>
#include <utility>

namespace zbag {
namespace {

// The newest point of a stamp, and the row that was made for it, if any.
class Newest {
 public:
  Newest(MergeMode mode, std::deque<std::string>& rows, std::vector<RowPoint>& points,
         MergeCounts& counts)
      : mode_(mode), rows_(rows), points_(points), counts_(counts) {}

  void begin(const RowPoint& frame) {
    points_.push_back(frame);
    row_ = nullptr;
  }
  void meet(const RowPoint& frame) {
    if (mode_ == MergeMode::kJoin) {
      join(frame);
    } else {
      overwrite(frame);
    }
  }

 private:
  void join(const RowPoint& frame) {
    made_.clear();
    const JoinedPairs joined = join_pairs(points_.back().map(), frame.map(), made_);
    if (joined.outcome == Joined::kConflict || made_.size() > kPairsBytesMax) {
      ++counts_.kept_apart;
      begin(frame);
      return;
    }
    ++counts_.merged;
    if (joined.outcome == Joined::kGrown) put(joined.count);
  }
  void overwrite(const RowPoint& frame) {
    made_.clear();
    std::uint64_t overwritten = 0;
    const std::uint32_t fields = merge_pairs(points_.back().map(), frame.map(),
                                             mode_ == MergeMode::kDeep, made_, overwritten);
    if (made_.size() > kPairsBytesMax) {
      ++counts_.too_large;
      return;
    }
    counts_.overwritten += overwritten;
    ++counts_.merged;
    put(fields);
  }
  // Of many frames that become one point, the last row alone is kept.
  void put(std::uint32_t fields) {
    if (row_ == nullptr) row_ = &rows_.emplace_back();
    row_->swap(made_);
    RowPoint& point = points_.back();
    point.fields = fields;
    point.pairs = reinterpret_cast<const std::uint8_t*>(row_->data());
    point.pairs_bytes = static_cast<std::uint32_t>(row_->size());
    point.shape = 0;
  }

  const MergeMode mode_;
  std::deque<std::string>& rows_;
  std::vector<RowPoint>& points_;
  MergeCounts& counts_;
  std::string* row_ = nullptr;  // of points_.back()
  std::string made_;
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
