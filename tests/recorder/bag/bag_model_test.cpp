// The bag against a model of it in memory: random arrivals, read back in every way there is.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/column_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/upkeep/compact.hpp"
#include "recorder/bag/upkeep/recover.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "tests/recorder/bag/model.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

std::vector<Seen> reversed(std::vector<Seen> points) {
  std::reverse(points.begin(), points.end());
  return points;
}

// A page's points hold no arrival: what they can show is compared.
std::string page_difference(const std::vector<Point>& got, const std::vector<Seen>& expected,
                            std::size_t from) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    const Seen& other = expected.at(from + i);
    const bool same = got[i].index == from + i && got[i].stamp().ns() == other.key &&
                      got[i].stamp().seconds() == other.seconds && got[i].fields == other.fields;
    if (!same) return "index " + std::to_string(from + i);
  }
  return {};
}

std::string floor_difference(const BagReader& reader, const ModelTrack& track, std::int64_t key) {
  const std::optional<Point> got =
      reader.floor(track.name(), Timestamp::from_stored(key, 0)).value();
  const std::optional<Seen> expected = track.floor(key);
  const bool same =
      got.has_value() == expected.has_value() &&
      (!got || (got->stamp().ns() == expected->key && got->fields == expected->fields));
  return same ? std::string() : "floor of " + std::to_string(key);
}

std::string problems_of(const CheckReport& report) {
  std::string text;
  for (const BagProblem& problem : report.problems)
    text += problem.track + ": " + problem.what + "; ";
  return text;
}

class BagModelTest : public testing::TestWithParam<std::tuple<MergeMode, LateMerge, Compression>> {
 protected:
  explicit BagModelTest(Lateness lateness = Lateness::kAnywhere)
      : arrivals_(static_cast<std::uint64_t>(std::get<2>(GetParam())) + 1, lateness) {
    for (const char* name : {"b/x", "a", "b"}) tracks_.emplace_back(name, merge(), late());
  }
  MergeMode merge() const { return std::get<0>(GetParam()); }
  LateMerge late() const { return std::get<1>(GetParam()); }

  BagWriter::Options options() const {
    BagWriter::Options options = small_blocks();
    options.merge = merge();
    options.late_merge = late();
    options.compression = {std::get<2>(GetParam()), 1};
    return options;
  }

  void record(BagWriter& writer, int batches) {
    for (int i = 0; i < batches; ++i) {
      RowStore store;
      Batch batch;
      for (ModelTrack& track : tracks_) {
        if (arrivals_.below(3) == 0) continue;
        batch.tracks.push_back(track.arrive(store, arrivals_.some(track.name(), 40)));
      }
      const Result<WriteReport> report = writer.write(batch);
      ASSERT_TRUE(report.has_value()) << report.error().message;
    }
  }

  // Everything, in every order, with and without letting transactions go.
  void compare_cursors(const BagReader& reader) {
    const std::vector<Seen> expected = in_global_order(tracks_);
    EXPECT_EQ(difference(read_all(reader, {}), expected), "");
    EXPECT_EQ(difference(read_all(reader, {.reverse = true}), reversed(expected)), "");
    EXPECT_EQ(difference(read_all(reader, {}, 1), expected), "");
    EXPECT_EQ(difference(read_all(reader, {.reverse = true}, 1), reversed(expected)), "");
    for (const ModelTrack& track : tracks_) {
      EXPECT_EQ(difference(read_all(reader, {.track = track.name()}), track.by_time()), "");
    }
  }

  void compare_ranges(const BagReader& reader) {
    const std::vector<Seen> all = in_global_order(tracks_);
    const std::int64_t low = all.front().key - 10'000;
    const auto width = static_cast<std::uint64_t>(all.back().key + 20'000 - low);
    for (int i = 0; i < 30; ++i) {
      const std::int64_t first =
          low + static_cast<std::int64_t>(arrivals_.below(width) / 500) * 500;
      const TimeRange range{first, first + static_cast<std::int64_t>(arrivals_.below(40)) * 500};
      const std::vector<Seen> expected = in_global_order(tracks_, range);
      EXPECT_EQ(difference(read_all(reader, {.range = range}), expected), "");
      EXPECT_EQ(difference(read_all(reader, {.range = range, .reverse = true}), reversed(expected)),
                "");
      for (const ModelTrack& track : tracks_) EXPECT_EQ(floor_difference(reader, track, first), "");
    }
  }

  void compare_pages(const BagReader& reader) {
    for (const ModelTrack& track : tracks_) {
      const std::vector<Seen>& expected = track.by_index();
      const Result<Page> all = reader.read_page(track.name(), 0, 1'000'000);
      ASSERT_TRUE(all.has_value()) << all.error().message;
      ASSERT_EQ(all->points.size(), expected.size());
      EXPECT_EQ(page_difference(all->points, expected, 0), "");
      for (int i = 0; i < 10 && !expected.empty(); ++i) {
        const std::size_t from = arrivals_.below(expected.size());
        const Page page = reader.read_page(track.name(), from, 3).value();
        EXPECT_EQ(page_difference(page.points, expected, from), "");
        EXPECT_EQ(page.has_more, from + 3 < expected.size());
      }
    }
  }

  void compare_counts(const BagReader& reader) {
    const BagSummary summary = reader.summary().value();
    for (const ModelTrack& track : tracks_) {
      const auto record =
          std::find_if(summary.tracks.begin(), summary.tracks.end(),
                       [&](const TrackRecord& r) { return r.name == track.name(); });
      ASSERT_NE(record, summary.tracks.end());
      EXPECT_EQ(record->total(), track.by_index().size());
      EXPECT_EQ(fate_fields(record->fate), fate_fields(track.fate()));
      EXPECT_TRUE(record->fate.balances());
      EXPECT_EQ(record->first, track.by_time().front().key);
      EXPECT_EQ(record->last, track.by_time().back().key);
    }
  }

  void compare(const BagReader& reader) {
    compare_cursors(reader);
    compare_ranges(reader);
    compare_pages(reader);
    compare_counts(reader);
  }

  TempDir dir_;
  const std::string path_ = dir_.path("model.zbag");
  RandomArrivals arrivals_;
  std::vector<ModelTrack> tracks_;
};

// S0.11, S0.13, S0.20-S0.24: the same content in time order, by range and by index.
TEST_P(BagModelTest, ReadsWhatTheModelHoldsWhileWritingAndAfterClosing) {
  {
    BagWriter writer = BagWriter::open(path_, options()).value();
    record(writer, 12);
    compare(BagReader(writer.file()));
    record(writer, 12);
    compare(BagReader(writer.file()));
    ASSERT_TRUE(writer.close().has_value());
  }
  compare(BagReader::open(path_).value());
  EXPECT_EQ(problems_of(check_bag(path_).value()), "");
}

TEST_P(BagModelTest, GoesOnInASecondRunWhereTheFirstEnded) {
  for (int run = 0; run < 2; ++run) {
    BagWriter writer = BagWriter::open(path_, options()).value();
    record(writer, 12);
    ASSERT_TRUE(writer.close().has_value());
  }
  compare(BagReader::open(path_).value());
  EXPECT_EQ(problems_of(check_bag(path_).value()), "");
}

// Without close() the run stays open, as after a kill.
TEST_P(BagModelTest, GoesOnAfterARunThatNeverClosed) {
  for (int run = 0; run < 2; ++run) {
    BagWriter writer = BagWriter::open(path_, options()).value();
    record(writer, 12);
  }
  BagWriter last = BagWriter::open(path_, options()).value();
  ASSERT_TRUE(last.close().has_value());
  compare(BagReader(last.file()));
  EXPECT_EQ(problems_of(check_bag(path_).value()), "");
}

// A point by what no merge changes.
std::tuple<std::int64_t, std::string, std::int64_t> identity(const Seen& point) {
  return {point.key, point.track, point.wall_ns};
}

// Every point of `there` is in `met`, as often, in this order; others may be, too.
void expect_once(const std::vector<Seen>& there, const std::vector<Seen>& met) {
  std::size_t at = 0;
  for (const Seen& point : met) {
    if (at < there.size() && identity(point) == identity(there[at])) ++at;
  }
  EXPECT_EQ(at, there.size()) << (at < there.size() ? there[at].key : 0) << " was not met";
  std::map<std::tuple<std::int64_t, std::string, std::int64_t>, int> more;
  for (const Seen& point : met) ++more[identity(point)];
  for (const Seen& point : there) --more[identity(point)];
  for (const Seen& point : there) EXPECT_LE(more[identity(point)], 0) << point.key << " met twice";
}

// A good share of the points falls into tails (track_writer.hpp).
class FoldModelTest : public BagModelTest {
 protected:
  FoldModelTest() : BagModelTest(Lateness::kByALittle) {}

  void compare_columns(const BagReader& reader) {
    for (const ModelTrack& track : tracks_) {
      const ColumnChunk chunk =
          read_columns(reader, {.track = track.name(), .fields = {}}, 1'000'000).value();
      EXPECT_EQ(chunk.keys, keys_of(track.by_time()));
    }
  }
};

// Whether any block says that points were folded into it.
bool has_folded(BagFile& file) {
  const std::unique_ptr<ReadTxn> txn = file.read().value();
  TableCursor cursor = TableCursor::open(*txn, file.tables().blocks).value();
  bool found = false;
  for (auto item = cursor.first().value(); item; item = cursor.next().value())
    found = found || read_block_header(item->value)->is_folded();
  return found;
}

// Recorded in many lives, of which some end with a kill, and compacted at the end.
TEST_P(FoldModelTest, HoldsWhatTheModelDoesAtEveryInstant) {
  const std::size_t lives = std::max<std::size_t>(cases_of("ZBAG_FOLD_LIVES", 3), 1);
  for (std::size_t life = 0; life < lives; ++life) {
    BagWriter writer = BagWriter::open(path_, options()).value();
    record(writer, 6);
    for (int i = 0; i < 14; ++i) {
      record(writer, 1);
      const BagReader reader(writer.file());
      compare_pages(reader);
      compare_counts(reader);
    }
    compare_cursors(BagReader(writer.file()));
    compare_ranges(BagReader(writer.file()));
    compare_columns(BagReader(writer.file()));
    const bool keys_repeat = merge() == MergeMode::kAppend || merge() == MergeMode::kJoin ||
                             late() == LateMerge::kAppend;
    EXPECT_TRUE(keys_repeat || has_folded(*writer.file()));
    const bool is_killed = arrivals_.below(2) == 0;
    ASSERT_TRUE(is_killed || writer.close().has_value());
  }
  ASSERT_TRUE(BagWriter::open(path_, options())->close().has_value());
  EXPECT_EQ(problems_of(check_bag(path_).value()), "");
  ASSERT_TRUE(compact_bag(path_, {}).has_value());
  compare(BagReader::open(path_).value());
  EXPECT_EQ(problems_of(check_bag(path_).value()), "");
}

// A reader meets what was there when it began once, and nothing twice, whatever is folded
// meanwhile.
TEST_P(FoldModelTest, LetsReadersGoOnThroughFolds) {
  BagWriter writer = BagWriter::open(path_, options()).value();
  for (const bool reverse : {false, true}) {
    record(writer, 20);
    const BagReader reader(writer.file());
    const std::vector<Seen> there = in_global_order(tracks_);
    BagCursor cursor = reader.cursor({.all_tracks = true, .reverse = reverse}).value();
    std::vector<Seen> met;
    // Begins behind most of what is there, so that folds come where it is.
    const std::size_t write_from = there.size() - std::min<std::size_t>(there.size(), 400);
    for (auto view = cursor.next().value(); view; view = cursor.next().value()) {
      met.push_back(seen_of(*view));
      cursor.release();
      const bool is_near = reverse ? met.size() < 400 : met.size() > write_from;
      if (is_near && met.size() % 8 == 0 && met.size() < there.size()) record(writer, 1);
    }
    if (reverse) std::reverse(met.begin(), met.end());
    expect_once(there, met);
  }
}

// Most points fall into few gaps between main blocks, some in order, some not.
class StepModelTest : public BagModelTest {
 protected:
  StepModelTest() : BagModelTest(Lateness::kClockSteps) {}
};

struct Gaps {
  std::size_t late_blocks_max = 0;  // of one gap
  std::size_t borders = 0;
};
Gaps gaps_of(BagFile& file) {
  const std::unique_ptr<ReadTxn> txn = file.read().value();
  TableCursor cursor = TableCursor::open(*txn, file.tables().blocks).value();
  Gaps gaps;
  std::uint32_t track = 0;
  std::size_t late = 0;
  for (auto item = cursor.first().value(); item; item = cursor.next().value()) {
    const BlockHeader header = read_block_header(item->value).value();
    late = header.is_late() && header.track == track ? late + 1 : header.is_late() ? 1 : 0;
    track = header.track;
    gaps.late_blocks_max = std::max(gaps.late_blocks_max, late);
    gaps.borders += (header.flags & kBlockBorder) != 0 ? 1 : 0;
  }
  return gaps;
}

// What a late point costs its writer and readers does not grow with those before it.
TEST_P(StepModelTest, DividesGapsThatFillUp) {
  // A gap is divided at eight late blocks; a batch adds a few, those of the tail lie there, too.
  constexpr std::size_t kLateBlocksMax = 8 + 12;
  std::optional<BagWriter> writer = BagWriter::open(path_, options()).value();
  for (int i = 0; i < (is_long() ? 4 : kSanitized ? 1 : 2); ++i) {
    record(*writer, 60);
    compare(BagReader(writer->file()));
    const Gaps gaps = gaps_of(*writer->file());
    EXPECT_LE(gaps.late_blocks_max, kLateBlocksMax);
  }
  EXPECT_TRUE(kSanitized || gaps_of(*writer->file()).borders > 0);  // a quarter may need none
  ASSERT_TRUE(writer->close().has_value());
  writer.reset();
  EXPECT_EQ(problems_of(check_bag(path_).value()), "");
  // Also without its trees: then blocks are found page by page.
  std::string bytes = file_bytes(path_);
  bytes.replace(0, 8'192, 8'192, '\0');
  write_file(dir_.path("treeless.zbag"), bytes);
  for (const std::string& damaged : {path_, dir_.path("treeless.zbag")}) {
    const std::string saved = damaged + ".saved";
    ASSERT_TRUE(recover_bag(damaged, saved).has_value());
    EXPECT_EQ(problems_of(check_bag(saved).value()), "");
    if (damaged == path_) compare_cursors(BagReader::open(saved).value());
  }
  ASSERT_TRUE(compact_bag(path_, {}).has_value());
  compare(BagReader::open(path_).value());
  EXPECT_EQ(problems_of(check_bag(path_).value()), "");
  EXPECT_EQ(gaps_of(*BagReader::open(path_)->file()).borders, 0u);
}

const auto kEveryMode = testing::Combine(
    testing::Values(MergeMode::kJoin, MergeMode::kShallow, MergeMode::kDeep, MergeMode::kAppend),
    testing::Values(LateMerge::kMerge, LateMerge::kReject, LateMerge::kAppend),
    testing::Values(Compression::kNone, Compression::kZstd));
INSTANTIATE_TEST_SUITE_P(All, StepModelTest, kEveryMode);
INSTANTIATE_TEST_SUITE_P(All, BagModelTest, kEveryMode);
INSTANTIATE_TEST_SUITE_P(All, FoldModelTest, kEveryMode);

}  // namespace
}  // namespace zbag
