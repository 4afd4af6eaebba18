// A bag in which one bit has changed, or whose end is gone, anywhere: check never crashes, says
// what is lost, and what it does not name can be read as it was written: points forwards,
// backwards, by index and by time, and every record. Nothing wrong is served that check does not
// tell of.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <map>

#include "tests/recorder/bag/damaged_copy.hpp"
#include "tests/support/sanitized.hpp"

namespace zbag {
namespace {

// What became of a damaged bag, by what its readers and check said of it.
enum class Verdict : int {
  kUnharmed,   // check finds nothing and every answer is as it was
  kNamed,      // check names track and time of every point that cannot be read
  kPageNamed,  // the same of a page that is not sound: readers are not let near it
  kUnnamed,    // check names a page or a record of no track
  kRefused,    // it does not open, and says why
  kWrong,      // an answer has changed, and check did not say so
  kCrashed,
  kCount
};
constexpr std::array<const char*, static_cast<std::size_t>(Verdict::kCount)> kVerdicts = {
    "unharmed", "named with track and time", "named so by page", "named by page or record",
    "refused",  "wrong and not said",        "crashed"};

class BitFlipTest : public DamagedCopyTest {
 protected:
  void SetUp() override {
    DamagedCopyTest::SetUp();
    const BagReader reader = BagReader::open(path_).value();
    records_ = records_of(reader.summary().value());
    for (const char* track : {"imu", "joints", "camera"})
      pages_[track] = reader.read_page(track, 0, SIZE_MAX).value().points;
  }

  static std::vector<std::string> records_of(const BagSummary& summary) {
    std::vector<std::string> records{summary.bag.encode(), encode_unnamed_fate(summary.unnamed)};
    for (const TrackRecord& track : summary.tracks) records.push_back(track.encode());
    for (const RunRecord& run : summary.runs) records.push_back(run.encode());
    for (const LossRecord& loss : summary.losses)
      records.push_back(encode_loss_key(loss) + encode_loss(loss));
    if (summary.writer) records.push_back(summary.writer->encode());
    return records;
  }

  // Judges the copy as it is now.
  Verdict judge() const {
    const std::optional<int> verdict =
        in_child([this] { return static_cast<int>(look_at(copy_)); });
    return verdict && *verdict < static_cast<int>(Verdict::kCount) ? static_cast<Verdict>(*verdict)
                                                                   : Verdict::kCrashed;
  }

  Verdict look_at(const std::string& copy) const {
    const Result<CheckReport> report = check_bag(copy);
    if (!report) return Verdict::kRefused;
    const auto of_problems = [&](const auto& is_so) {
      return std::any_of(report->problems.begin(), report->problems.end(), is_so);
    };
    if (of_problems([](const BagProblem& problem) { return problem.what.starts_with("page "); })) {
      const bool is_named = std::none_of(report->problems.begin(), report->problems.end(),
                                         [](const BagProblem& p) { return p.track.empty(); });
      return is_named ? Verdict::kPageNamed : Verdict::kUnnamed;
    }
    // An error is an answer too, where check has told of damage.
    const Verdict of_error = report->problems.empty() ? Verdict::kWrong : Verdict::kUnnamed;
    const Result<BagReader> reader = BagReader::open(copy);
    if (!reader) return of_error;
    const Result<std::vector<Seen>> left = read_over_damage(*reader, false);
    const Result<std::vector<Seen>> backwards = read_over_damage(*reader, true);
    const Result<BagSummary> summary = reader->summary();
    if (!left || !backwards || !summary) return of_error;
    if (left->size() != backwards->size()) return Verdict::kWrong;
    if (!is_covered(*report, *summary, *left) || !serves_no_wrong_page(*reader, *report))
      return Verdict::kWrong;
    if (report->problems.empty())
      return records_of(*summary) == records_ ? Verdict::kUnharmed : Verdict::kWrong;
    const bool is_of_track = of_problems([](const BagProblem& p) { return !p.track.empty(); });
    return is_of_track ? Verdict::kNamed : Verdict::kUnnamed;
  }

  // Searches, by index and by time, where cursors walk: into every block, if not for every point.
  // An answer is right, or an error, or check has told of damage and it is that nothing is there.
  bool serves_no_wrong_page(const BagReader& reader, const CheckReport& report) const {
    const bool is_whole = report.problems.empty();
    for (const auto& [track, points] : pages_) {
      for (std::uint64_t index = 0; index < points.size(); index += 70) {
        const Point& expected = points[index];
        const Result<Page> page = reader.read_page(track, index, 1);
        const bool is_there = page && !page->points.empty();
        if (is_there &&
            (page->points[0].index != index || page->points[0].stamp() != expected.stamp() ||
             page->points[0].fields != expected.fields))
          return false;
        const Result<std::optional<Point>> found = reader.floor(track, expected.stamp());
        const bool is_found = found && *found && (*found)->stamp() == expected.stamp();
        if (is_whole && (!is_there || !is_found)) return false;
      }
    }
    return true;
  }

  static Result<std::vector<Seen>> read_over_damage(const BagReader& reader, bool reverse) {
    Result<BagCursor> cursor = reader.cursor({.all_tracks = true, .reverse = reverse});
    if (!cursor) return tl::unexpected(cursor.error());
    std::vector<Seen> seen;
    while (true) {
      const Result<std::optional<PointView>> view = cursor->next();
      if (!view) {
        if (!cursor->skip_damage()) return tl::unexpected(view.error());
        continue;
      }
      if (!*view) return seen;
      seen.push_back(seen_of(**view));
    }
  }

  // Whether what is left is what was written, less what the report names: extents of tracks, and
  // tracks whose records are gone, be it under another name.
  bool is_covered(const CheckReport& report, const BagSummary& summary,
                  const std::vector<Seen>& left) const {
    const auto lacks_record = [&](const std::string& name) {
      return std::none_of(summary.tracks.begin(), summary.tracks.end(),
                          [&](const TrackRecord& track) { return track.name == name; });
    };
    const auto lies_in_damage = [&](const Seen& point) {
      return lies_in(report.problems, point) ||
             std::any_of(report.problems.begin(), report.problems.end(), [&](const BagProblem& p) {
               return p.what.starts_with("table tracks") && lacks_record(point.track);
             });
    };
    // Points within a damaged extent may still be read: those of a late block beside it.
    const auto outside = [&](const std::vector<Seen>& points) {
      std::vector<Seen> some;
      std::copy_if(points.begin(), points.end(), std::back_inserter(some),
                   [&](const Seen& point) { return !lies_in_damage(point); });
      return some;
    };
    return difference(outside(left), outside(points_)).empty();
  }

  using Counts = std::map<Verdict, std::size_t>;
  static void print(const char* what, const Counts& counts) {
    std::size_t sum = 0;
    for (const auto& [verdict, count] : counts) sum += count;
    std::cout << sum << ' ' << what << ':';
    for (const auto& [verdict, count] : counts)
      std::cout << ' ' << count << ' ' << kVerdicts[static_cast<std::size_t>(verdict)] << ',';
    std::cout << " seed " << kSeed << '\n';
  }

  std::vector<std::string> records_;
  std::map<std::string, std::vector<Point>> pages_;  // by track, in order of index
};

TEST_F(BitFlipTest, IsFoundInEverySector) {
  Counts counts;
  const std::size_t flips = std::max<std::size_t>(1, cases_of("ZBAG_FLIPS", 2));  // a sector
  flip_bits(flips, 1, [&](std::size_t at, std::uint64_t bit) {
    const Verdict verdict = judge();
    EXPECT_LT(verdict, Verdict::kWrong) << "bit " << bit << " of byte " << at;
    ++counts[verdict];
  });
  print("flipped bits", counts);
  EXPECT_GT(counts[Verdict::kNamed], 0u);
}

// LMDB believes what its meta pages say.
TEST_F(BitFlipTest, IsFoundInEveryBitOfTheMetaPages) {
  constexpr std::size_t kPageBytes = 4096;
  constexpr std::size_t kMetaBits = (16 + 136) * 8;  // of the header and what follows
  Counts counts;
  for (const std::size_t page : {std::size_t{0}, kPageBytes}) {
    for (std::size_t i = 0; i < kMetaBits; i += is_long() ? 1 : 10) {
      flip(page + i / 8, i % 8, [&](std::size_t at, std::uint64_t bit) {
        const Verdict verdict = judge();
        EXPECT_LT(verdict, Verdict::kWrong) << "bit " << bit << " of byte " << at;
        ++counts[verdict];
      });
    }
  }
  print("flipped bits of meta pages", counts);
}

TEST_F(BitFlipTest, IsRefusedWhereverTheEndIsGone) {
  Counts counts;
  for (std::size_t left = (whole_.size() - 1) / kSector + 1; left-- > 0;) {
    std::filesystem::resize_file(copy_, left * kSector);
    ++counts[judge()];
  }
  print("truncations", counts);
  EXPECT_EQ(counts[Verdict::kRefused], (whole_.size() + kSector - 1) / kSector);
}

}  // namespace
}  // namespace zbag
