// A bag in which one bit has changed, or whose end is gone, anywhere: recover never crashes, and
// makes a sound bag of every point that it does not name as lost, each as it was written, and no
// other.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <utility>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/pages/meta_pages.hpp"
#include "recorder/bag/pages/page_walk.hpp"
#include "recorder/bag/upkeep/recover.hpp"
#include "schemas/check.hpp"
#include "tests/recorder/bag/damaged_copy.hpp"
#include "tests/support/sanitized.hpp"

namespace zbag {
namespace {

// What all cases came to; in memory that the children share.
struct Figures {
  std::size_t cases = 0;
  std::size_t crashed = 0;
  std::size_t refused = 0;         // nothing of a bag was left, it was said
  std::size_t whole = 0;           // every point came back
  std::size_t missing_named = 0;   // points
  std::size_t missing_beyond = 0;  // points that should have come back
  std::size_t wrong = 0;           // points that are not what was written, or there twice
  std::size_t unsound = 0;         // new bags that do not pass check
};

class RecoverSectorsTest : public DamagedCopyTest {
 protected:
  using PointKey = std::pair<std::string, std::int64_t>;  // track and key: there is none twice

  void SetUp() override {
    DamagedCopyTest::SetUp();
    for (const Seen& point : points_) ASSERT_TRUE(written_.emplace(key_of(point), point).second);
    const BagSummary summary = BagReader::open(path_)->summary().value();
    for (const TrackRecord& track : summary.tracks) tracks_[track.id] = track.name;
    find_ends();
    void* const shared =
        ::mmap(nullptr, sizeof(Figures), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    figures_ = new (shared) Figures;
  }
  void TearDown() override {
    if (figures_ != nullptr) ::munmap(figures_, sizeof(Figures));
  }

  static PointKey key_of(const Seen& point) { return {point.track, point.key}; }

  // Where in the file the block of each point ends.
  void find_ends() {
    const MappedFile file = MappedFile::open(path_).value();
    const MetaPages meta = read_meta_pages(path_).value();
    const PageFile pages(file.bytes(), meta.page_bytes);
    PageWalk::Visitor visitor;
    visitor.value = [&](std::string_view table, std::string_view, std::string_view value) {
      if (table != kBlocksTable) return;
      const Block block = Block::open(value).value();
      const std::size_t end =
          static_cast<std::size_t>(bytes_of(value).data() + value.size() - file.bytes().data());
      for (const StoredPoint& point : block.points())
        ends_[{tracks_.at(block.header().track), point.key}] = end;
    };
    ASSERT_TRUE(PageWalk(pages, meta.last_page + 1).run(meta.main_root, visitor).has_value());
    ASSERT_EQ(ends_.size(), points_.size());
  }

  // Does `work`, which recovers the copy as it is now, in a process of its own.
  template <class Work>
  void attempt(const std::string& what, const Work& work) {
    const Figures before = *figures_;
    ++figures_->cases;
    const std::optional<int> done = in_child([&] {
      work();
      return 0;
    });
    if (done != 0) ++figures_->crashed;
    std::filesystem::remove(out_);
    std::filesystem::remove(out_ + "-lock");
    EXPECT_EQ(figures_->crashed, before.crashed) << what;
    EXPECT_EQ(figures_->missing_beyond, before.missing_beyond) << what;
    EXPECT_EQ(figures_->wrong, before.wrong) << what;
    EXPECT_EQ(figures_->unsound, before.unsound) << what;
  }

  // `may_miss(point, report)`: whether the point may be missing of what `report` tells of; nullptr:
  // nothing of a bag is left.
  template <class MayMiss>
  void recover(const MayMiss& may_miss) {
    const Result<RecoverReport> report = recover_bag(copy_, out_);
    if (!report) ZBAG_CHECK(report.error().code == ErrorCode::kDamaged);
    if (!report) ++figures_->refused;
    const std::set<PointKey> found = report ? compare(*report) : std::set<PointKey>();
    if (found.size() == written_.size()) ++figures_->whole;
    for (const auto& [key, point] : written_) {
      if (found.contains(key)) continue;
      ++(may_miss(point, report ? &*report : nullptr) ? figures_->missing_named
                                                      : figures_->missing_beyond);
    }
  }

  // Holds the new bag against what was written; returns which points are there.
  std::set<PointKey> compare(const RecoverReport& report) {
    const Result<CheckReport> check = check_bag(out_);
    if (!check || !check->problems.empty()) ++figures_->unsound;
    std::set<PointKey> found;
    for (Seen& point : read_all(BagReader::open(out_).value(), {.all_tracks = true})) {
      point.track = name_of(report, point.track);
      const auto written = written_.find(key_of(point));
      const bool is_right = written != written_.end() && written->second == point;
      if (!is_right || !found.insert(key_of(point)).second) ++figures_->wrong;
    }
    return found;
  }

  // A track whose name is lost is called by its number.
  std::string name_of(const RecoverReport& report, const std::string& name) const {
    const auto& unnamed = report.unnamed_tracks;
    if (std::find(unnamed.begin(), unnamed.end(), name) == unnamed.end()) return name;
    for (const auto& [id, known] : tracks_) {
      if (name == fmt::format("track-{:04}", id)) return known;
    }
    return name;
  }

  void print(const char* what) const {
    std::cout << fmt::format(
        "{} {}: {} recovered whole, {} refused; {} points named as lost, {} missing beyond what "
        "is named, {} wrong, {} unsound bags, {} crashes, seed {}\n",
        figures_->cases, what, figures_->whole, figures_->refused, figures_->missing_named,
        figures_->missing_beyond, figures_->wrong, figures_->unsound, figures_->crashed, kSeed);
  }

  // Every so many sectors.
  const std::size_t step_ = is_long() ? 1 : 10;

  const std::string out_ = dir_.path("out.zbag");
  std::map<std::uint32_t, std::string> tracks_;
  std::map<PointKey, Seen> written_;
  std::map<PointKey, std::size_t> ends_;
  Figures* figures_ = nullptr;
};

// Both name what is lost: check the extent that cannot be read in its place, recover what is not to
// be found anywhere.
TEST_F(RecoverSectorsTest, ReturnsAllThatIsNotNamedWhereverABitFlips) {
  const std::size_t flips = std::max<std::size_t>(1, cases_of("ZBAG_FLIPS", 1));  // a sector
  flip_bits(flips, step_, [&](std::size_t at, std::uint64_t bit) {
    attempt(fmt::format("bit {} of byte {}", bit, at), [&] {
      const Result<CheckReport> check = check_bag(copy_);
      recover([&](const Seen& point, const RecoverReport* report) {
        return check && lies_in(check->problems, point) && report != nullptr &&
               lies_in(report->lost, point);
      });
    });
  });
  print("flipped bits");
  EXPECT_EQ(figures_->refused, 0u);
  EXPECT_GT(figures_->missing_named, 0u);
}

TEST_F(RecoverSectorsTest, ReturnsEveryBlockThatIsLeftWhereverTheEndIsGone) {
  for (std::size_t sectors = (whole_.size() - 1) / kSector + 1; sectors >= step_;) {
    sectors -= step_;
    std::filesystem::resize_file(copy_, sectors * kSector);
    attempt(fmt::format("cut to {} bytes", sectors * kSector), [&] {
      recover([&](const Seen& point, const RecoverReport*) {
        return ends_.at(key_of(point)) > sectors * kSector;
      });
    });
  }
  print("truncations");
}

}  // namespace
}  // namespace zbag
