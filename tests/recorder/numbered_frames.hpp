// Frames that carry their place in the order of arrival, so that a bag says which of them it holds.
//
// Frame i is a small point, a large one (an image), a point behind the written end of its track
// (far behind, or so little that it is folded soon), or merges into a point that lies there; all
// over several tracks. What a bag holds after a crash must be frames 0, 1, 2... without a gap.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag_session.hpp"
#include "schemas/field_lookup.hpp"

namespace zbag {

class NumberedFrames {
 public:
  static constexpr std::uint64_t kTracks = 5;
  static constexpr std::uint64_t kImageEvery = 211;
  static constexpr std::uint64_t kLateEvery = 37;
  static constexpr std::uint64_t kMergeEvery = 53;
  static constexpr std::uint64_t kNearEvery = 13;

  explicit NumberedFrames(Session& session) {
    for (std::uint64_t i = 0; i <= kTracks; ++i)
      tracks_.push_back(session.track("track/" + std::to_string(i)).value());
  }

  Status append(std::uint64_t i) {
    const auto stamp = static_cast<double>(i);
    if (i % kImageEvery == kImageEvery - 1)
      return tracks_[kTracks].append({{"n", i}, {"blob", blob(i)}}, stamp);
    // Behind everything the track's last blocks hold, where no other point is.
    if (i >= kBack && i % kLateEvery == kLateEvery - 1)
      return tracks_[i % kTracks].append({{"n", i}, {"blob", blob(i)}}, stamp - kBack + 0.5);
    if (i >= kBack && i % kMergeEvery == kMergeEvery - 1)
      return tracks_[i % kTracks].append({{"merged", i}}, stamp - kBack);
    if (i >= kBack && i % kNearEvery == kNearEvery - 1)
      return tracks_[i % kTracks].append({{"n", i}, {"blob", blob(i)}}, stamp - kNear + 0.25);
    return tracks_[i % kTracks].append({{"n", i}, {"blob", blob(i)}}, stamp);
  }

  // What frame i carries beside its number.
  static std::string blob(std::uint64_t i) {
    std::size_t size = i * 7 % 40;
    if (i % 50 == 0) size = 5'000;
    if (i % kImageEvery == kImageEvery - 1) size = 40'000 + i % 7 * 9'000;
    return std::string(size, static_cast<char>('a' + i % 26));
  }

  // The numbers of the frames in the bag, ascending. Errors of reading; kDamaged, too, for a point
  // that does not carry what its frame did.
  static Result<std::vector<std::uint64_t>> read(const std::string& path) {
    const Result<BagReader> reader = BagReader::open(path);
    if (!reader) return tl::unexpected(reader.error());
    Result<BagCursor> cursor = reader->cursor({});
    if (!cursor) return tl::unexpected(cursor.error());
    std::vector<std::uint64_t> numbers;
    while (true) {
      const Result<std::optional<PointView>> view = cursor->next();
      if (!view) return tl::unexpected(view.error());
      if (!*view) break;
      const Result<Fields> fields = (*view)->fields();
      if (!fields) return tl::unexpected(fields.error());
      if (find_field(*fields, "n") != nullptr) {
        numbers.push_back(uint_field(*fields, "n"));
        if (text_field(*fields, "blob") != blob(numbers.back()))
          return fail(ErrorCode::kDamaged, "frame " + std::to_string(numbers.back()) + " changed");
      }
      if (find_field(*fields, "merged") != nullptr)
        numbers.push_back(uint_field(*fields, "merged"));
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  // How many frames the bag holds when it opens with no repair, check finds nothing, and they are
  // the first ones without a gap. Else what is wrong.
  static Result<std::uint64_t> count_of_whole(const std::string& path) {
    const Result<CheckReport> report = check_bag(path);
    if (!report) return tl::unexpected(report.error());
    if (!report->problems.empty())
      return fail(ErrorCode::kDamaged, "check: " + report->problems.front().what);
    const Result<std::vector<std::uint64_t>> numbers = read(path);
    if (!numbers) return tl::unexpected(numbers.error());
    for (std::size_t i = 0; i < numbers->size(); ++i) {
      if ((*numbers)[i] != i)
        return fail(ErrorCode::kDamaged, "no prefix: frame " + std::to_string((*numbers)[i]) +
                                             " stands at place " + std::to_string(i));
    }
    return numbers->size();
  }

 private:
  // Multiples of kTracks: the same track.
  static constexpr std::uint64_t kBack = 150;
  static constexpr std::uint64_t kNear = 60;
  std::vector<Track> tracks_;
};

}  // namespace zbag
