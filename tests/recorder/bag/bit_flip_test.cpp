// A bag in which one byte has changed, or whose end is gone, anywhere: check never crashes, says
// what is lost, and what it does not name can be read as it was written.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>

#include "recorder/bag/bag_check.hpp"
#include "recorder/bag/bag_reader.hpp"
#include "recorder/bag/bag_writer.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

constexpr std::size_t kSector = 512;
constexpr std::uint64_t kSeed = 20261121;

// What became of a damaged bag, by what its readers and check said of it.
enum class Verdict : int {
  kUnharmed,    // check finds nothing and every point is there
  kNamed,       // check names track and time of every point that cannot be read
  kPageNamed,   // the same of a page that is not sound: readers are not let near it
  kUnnamed,     // check names a page or a key, but cannot tell whose it is
  kRefused,     // it does not open, and says why
  kOtherNames,  // no point has changed, but names or counts around them have, unnoticed
  kWrong,       // points changed or went, and check did not say so
  kCrashed,
  kCount
};
constexpr std::array<const char*, static_cast<std::size_t>(Verdict::kCount)> kVerdicts = {
    "unharmed", "named with track and time", "named so by page",   "named by page alone",
    "refused",  "names changed unnoticed",   "wrong and not said", "crashed"};

class BitFlipTest : public testing::Test {
 protected:
  void SetUp() override {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    RowStore store;
    std::mt19937_64 random(kSeed);
    for (int i = 0; i < 120; ++i) {
      Batch batch;
      for (const char* name : {"imu", "joints"}) {
        std::vector<RowPoint> rows;
        for (int k = 0; k < 8; ++k) rows.push_back(store.make(i * 100 + k * 10, number_fields(i)));
        batch.tracks.push_back(batch_of(name, rows));
      }
      if (i % 40 == 39) {
        const Fields image{{"jpeg", Binary{std::string(20'000 + random() % 9'000, 'j')}}};
        batch.tracks.push_back(batch_of("camera", {store.make(i * 100, image)}));
      }
      if (i % 10 == 9)
        batch.tracks[0] = batch_of("imu", {store.make(i * 100 - 455, number_fields(-i))});
      ASSERT_TRUE(writer.write(batch).has_value());
    }
    ASSERT_TRUE(writer.close().has_value());
    whole_ = file_bytes(path_);
    write_file(copy_, whole_);
    points_ = read_all(BagReader::open(path_).value(), {.all_tracks = true});
  }

  // Changes the copy in place: to write it anew thousands of times is what takes the time.
  void put(std::size_t at, char byte) {
    std::fstream(copy_, std::ios::binary | std::ios::in | std::ios::out)
        .seekp(static_cast<std::streamoff>(at))
        .put(byte);
  }

  // Judges the copy as it is now, in a process of its own, for the crash that must not be.
  Verdict judge() {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(static_cast<int>(look_at(copy_)));
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) < static_cast<int>(Verdict::kCount)
               ? static_cast<Verdict>(WEXITSTATUS(status))
               : Verdict::kCrashed;
  }

  Verdict look_at(const std::string& copy) const {
    const Result<CheckReport> report = check_bag(copy);
    if (!report) return Verdict::kRefused;
    const auto of_problems = [&](const auto& is_so) {
      return std::any_of(report->problems.begin(), report->problems.end(), is_so);
    };
    if (of_problems([](const BagProblem& problem) { return problem.track.empty(); }))
      return Verdict::kUnnamed;
    if (of_problems([](const BagProblem& problem) { return problem.what.starts_with("page "); }))
      return Verdict::kPageNamed;
    const Result<BagReader> reader = BagReader::open(copy);
    if (!reader) return Verdict::kWrong;
    const Result<std::vector<Seen>> left = read_over_damage(*reader, false);
    Result<std::vector<Seen>> backwards = read_over_damage(*reader, true);
    if (!left || !backwards || left->size() != backwards->size()) return Verdict::kWrong;
    if (report->problems.empty() && !finds_points(*reader)) return Verdict::kOtherNames;
    if (!is_covered(*report, *left))
      return is_renamed(*left) ? Verdict::kOtherNames : Verdict::kWrong;
    return report->problems.empty() ? Verdict::kUnharmed : Verdict::kNamed;
  }

  // Searches, by index and by time, where cursors walk: into every block, if not for every point.
  bool finds_points(const BagReader& reader) const {
    std::map<std::string, std::uint64_t> totals;
    for (const Seen& point : points_) {
      const std::uint64_t index = totals[point.track]++;
      if (index % 70 != 0) continue;
      const Result<std::optional<Point>> found =
          reader.floor(point.track, Timestamp::from_ns(point.key));
      if (!found || !*found || (*found)->stamp.ns() != point.key) return false;
      const Result<Page> page = reader.read_page(point.track, index, 1);
      if (!page || page->points.size() != 1 || page->points[0].index != index) return false;
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

  // Whether what is left is what was written, less the extents the report names.
  bool is_covered(const CheckReport& report, const std::vector<Seen>& left) const {
    std::vector<Seen> expected;
    const auto lies_in_damage = [&](const Seen& point) {
      return std::any_of(report.problems.begin(), report.problems.end(), [&](const BagProblem& p) {
        return p.track == point.track && p.first && point.key >= *p.first && point.key <= *p.last;
      });
    };
    // Points within a damaged extent may still be read: those of a late block beside it.
    std::copy_if(points_.begin(), points_.end(), std::back_inserter(expected),
                 [&](const Seen& point) { return !lies_in_damage(point); });
    std::vector<Seen> outside;
    std::copy_if(left.begin(), left.end(), std::back_inserter(outside),
                 [&](const Seen& point) { return !lies_in_damage(point); });
    return difference(outside, expected).empty();
  }

  // Whether the points are those written but for the name of their track.
  bool is_renamed(std::vector<Seen> left) const {
    std::vector<Seen> expected = points_;
    for (std::vector<Seen>* points : {&left, &expected}) {
      for (Seen& point : *points) point.track.clear();
      std::sort(points->begin(), points->end(), [](const Seen& a, const Seen& b) {
        return a.key != b.key ? a.key < b.key : a.wall_ns < b.wall_ns;
      });
    }
    return keys_of(left) == keys_of(expected);
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

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  const std::string copy_ = dir_.path("copy.zbag");
  std::string whole_;
  std::vector<Seen> points_;
};

TEST_F(BitFlipTest, IsFoundInEverySector) {
  std::mt19937_64 random(kSeed);
  Counts counts;
  const std::size_t flips = std::max<std::size_t>(1, cases_of("ZBAG_FLIPS", 2));  // a sector
  for (std::size_t sector = 0; sector < whole_.size(); sector += kSector) {
    // At its border, where LMDB's headers begin, and somewhere within.
    for (std::size_t i = 0; i < flips; ++i) {
      const std::size_t at = sector + (i == 0 ? 0 : random() % kSector);
      put(at, static_cast<char>(whole_[at] ^ (1 << random() % 8)));
      ++counts[judge()];
      put(at, whole_[at]);
    }
  }
  print("flipped bits", counts);
  EXPECT_EQ(counts[Verdict::kCrashed], 0u);
  EXPECT_EQ(counts[Verdict::kWrong], 0u);
  EXPECT_GT(counts[Verdict::kNamed], 0u);
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
