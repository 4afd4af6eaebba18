// Compaction changes how points lie, never what they are, how they are numbered or what is counted.
#include "recorder/bag/upkeep/compact.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <tuple>

#include "tests/recorder/bag/model.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;

// Points of a track by index, through read_page().
std::vector<std::pair<std::int64_t, Fields>> by_index(const BagReader& reader,
                                                      const std::string& track) {
  std::vector<std::pair<std::int64_t, Fields>> points;
  for (std::uint64_t start = 0;; start = points.size()) {
    const Page page = reader.read_page(track, start, 7).value();
    for (const Point& point : page.points) points.emplace_back(point.stamp().ns(), point.fields);
    if (!page.has_more) return points;
  }
}

std::vector<std::pair<std::int64_t, Fields>> by_index(const ModelTrack& track) {
  std::vector<std::pair<std::int64_t, Fields>> points;
  for (const Seen& point : track.by_index()) points.emplace_back(point.key, point.fields);
  return points;
}

class CompactModelTest : public testing::TestWithParam<std::tuple<int, MergeMode, LateMerge>> {
 protected:
  void SetUp() override {
    options_ = small_blocks();
    options_.merge = std::get<1>(GetParam());
    options_.late_merge = std::get<2>(GetParam());
    for (const char* name : {"a", "b"})
      tracks_.emplace_back(name, std::get<1>(GetParam()), options_.late_merge);
  }

  // Records in a run of its own.
  void record(int batches) {
    BagWriter writer = BagWriter::open(path_, options_).value();
    for (int i = 0; i < batches; ++i) {
      RowStore store;
      Batch batch;
      for (ModelTrack& track : tracks_)
        batch.tracks.push_back(track.arrive(store, arrivals_.some(track.name(), 40)));
      ASSERT_TRUE(writer.write(batch).has_value());
    }
    ASSERT_TRUE(writer.close().has_value());
  }

  void expect_model() {
    const BagReader reader = BagReader::open(path_).value();
    const BagReader::Selection everything{.all_tracks = true};
    EXPECT_EQ(difference(read_all(reader, everything), in_global_order(tracks_)), "");
    for (const ModelTrack& track : tracks_) {
      EXPECT_TRUE(by_index(reader, track.name()) == by_index(track)) << track.name();
    }
    EXPECT_TRUE(check_bag(path_)->problems.empty());
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  BagWriter::Options options_;
  std::vector<ModelTrack> tracks_;
  RandomArrivals arrivals_{static_cast<std::uint64_t>(std::get<0>(GetParam()))};
};

// Recorded, compacted, recorded on, compacted again: a bag has many lives.
TEST_P(CompactModelTest, KeepsPointsAndIndexThroughSeveralLives) {
  for (int life = 0; life < 4; ++life) {
    record(12);
    expect_model();
    const BagSummary before = BagReader::open(path_)->summary().value();
    const CompactReport report = compact_bag(path_, {}).value();
    const BagSummary after = BagReader::open(path_)->summary().value();
    EXPECT_EQ(report.points, before.points());
    EXPECT_EQ(after.fate(), before.fate());
    EXPECT_EQ(after.runs.size(), before.runs.size());
    for (const TrackRecord& track : after.tracks) EXPECT_EQ(track.late_points, 0u);
    expect_model();
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, CompactModelTest,
                         testing::Values(std::tuple(1, MergeMode::kShallow, LateMerge::kMerge),
                                         std::tuple(2, MergeMode::kShallow, LateMerge::kMerge),
                                         std::tuple(3, MergeMode::kDeep, LateMerge::kMerge),
                                         std::tuple(4, MergeMode::kAppend, LateMerge::kAppend),
                                         std::tuple(5, MergeMode::kAppend, LateMerge::kAppend),
                                         std::tuple(6, MergeMode::kShallow, LateMerge::kReject),
                                         std::tuple(7, MergeMode::kShallow, LateMerge::kAppend),
                                         std::tuple(8, MergeMode::kJoin, LateMerge::kMerge),
                                         std::tuple(9, MergeMode::kJoin, LateMerge::kMerge),
                                         std::tuple(10, MergeMode::kJoin, LateMerge::kAppend)));

class CompactTest : public testing::Test {
 protected:
  void SetUp() override {
    BagWriter::Options options = small_blocks();
    options.metadata = {{"site", "yard"}};
    BagWriter writer = BagWriter::open(path_, options).value();
    RowStore store;
    // Behind the large point the odd keys come late, but the last of them.
    for (int i = 0; i < 200; ++i) {
      Fields fields = number_fields(i);
      if (i == 99) fields.emplace_back("blob", Binary{std::string(9'000, 'b')});
      const RowPoint row = store.make(10 * (i < 100 ? 2 * i : 2 * (i - 100) + 1), fields);
      ASSERT_TRUE(writer.write(batch_of_one("a", {row})).has_value());
    }
    Batch beside;
    beside.unnamed.received = beside.unnamed.refused[0] = 3;
    beside.losses.push_back({.src = 7, .track = "a", .publisher = "arm", .lost = 5});
    beside.tracks.push_back(batch_of("silent", {}));
    beside.tracks.back().fate.received = beside.tracks.back().fate.dropped = 2;
    ASSERT_TRUE(writer.write(beside).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
};

TEST_F(CompactTest, FoldsLatePointsAndShrinksTheFile) {
  const std::vector<Seen> before = read_all(BagReader::open(path_).value(), {});
  const CompactReport report = compact_bag(path_, {}).value();
  EXPECT_EQ(report.points, 200u);
  EXPECT_EQ(report.folded, 99u);
  EXPECT_LT(report.bytes_after, report.bytes_before);
  EXPECT_EQ(report.bytes_after, std::filesystem::file_size(path_));
  EXPECT_EQ(difference(read_all(BagReader::open(path_).value(), {}), before), "");
  EXPECT_LT(block_count(BagFile::open_to_read(path_).value()), 20u);
}

// Many tracks of few points: most of such a file is records, which every commit writes anew.
TEST_F(CompactTest, MakesASmallBagOfManyTracksSmaller) {
  const std::string path = dir_.path("many.zbag");
  {
    BagWriter writer = BagWriter::open(path, small_blocks()).value();
    RowStore store;
    Batch batch;
    for (int i = 0; i < 100; ++i) {
      TrackBatch& track = batch.tracks.emplace_back();
      track.name = "robot/joint" + std::to_string(i);
      for (int key = 0; key < 20; ++key)
        track.points.push_back(store.make(key, {{"position", 0.5 * key}, {"joint", i}}));
      track.fate.received = track.points.size();
    }
    ASSERT_TRUE(writer.write(batch).has_value());  // and is killed
  }
  const Result<CompactReport> report = compact_bag(path, {});
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_LT(report->bytes_after, report->bytes_before);
  EXPECT_TRUE(check_bag(path)->problems.empty());
  EXPECT_EQ(check_bag(path)->points, 2'000u);
}

TEST_F(CompactTest, KeepsWhatStandsBesideThePoints) {
  const BagSummary before = BagReader::open(path_)->summary().value();
  ASSERT_TRUE(compact_bag(path_, {}).has_value());
  const BagSummary after = BagReader::open(path_)->summary().value();
  EXPECT_EQ(after.bag.created, before.bag.created);
  EXPECT_EQ(after.unnamed, before.unnamed);
  ASSERT_EQ(after.runs.size(), 1u);
  EXPECT_EQ(after.runs[0].encode(), before.runs[0].encode());
  ASSERT_EQ(after.losses.size(), 1u);
  EXPECT_EQ(encode_loss_key(after.losses[0]), encode_loss_key(before.losses[0]));
  ASSERT_EQ(after.tracks.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(after.tracks[i].fate, before.tracks[i].fate);
    EXPECT_EQ(after.tracks[i].fields, before.tracks[i].fields);
    EXPECT_EQ(after.tracks[i].bytes, before.tracks[i].bytes);
  }
  EXPECT_FALSE(after.writer.has_value());
}

TEST_F(CompactTest, LeavesNothingBesideTheBag) {
  ASSERT_TRUE(compact_bag(path_, {}).has_value());
  ASSERT_TRUE(compact_bag(path_, dir_.path("b.zbag")).has_value());
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path(""))) {
    EXPECT_THAT(entry.path().string(), testing::Not(HasSubstr("making")));
  }
}

TEST_F(CompactTest, KeepsTheModeAndFollowsALink) {
  namespace fs = std::filesystem;
  fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink(path_, dir_.path("link.zbag"));
  ASSERT_TRUE(compact_bag(dir_.path("link.zbag"), {}).has_value());
  EXPECT_TRUE(fs::is_symlink(dir_.path("link.zbag")));
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(BagReader::open(path_)->summary()->tracks[0].late_points, 0u);
}

TEST_F(CompactTest, IntoAnotherFileLeavesTheBagAlone) {
  const std::string before = file_bytes(path_);
  ASSERT_TRUE(compact_bag(path_, dir_.path("b.zbag")).has_value());
  EXPECT_EQ(file_bytes(path_), before);
  EXPECT_EQ(keys_of(dir_.path("b.zbag")), keys_of(path_));
  EXPECT_EQ(compact_bag(path_, dir_.path("b.zbag")).error().code, ErrorCode::kExists);
}

TEST_F(CompactTest, RefusesABagThatIsBeingRecorded) {
  const BagWriter writer = BagWriter::open(path_, small_blocks()).value();
  for (const std::optional<std::string>& out :
       {std::optional<std::string>(), std::optional(dir_.path("b.zbag"))}) {
    const Error error = compact_bag(path_, out).error();
    EXPECT_EQ(error.code, ErrorCode::kBusy);
    EXPECT_THAT(error.message, HasSubstr("zbag cut"));
  }
}

TEST_F(CompactTest, LeavesADamagedBagAlone) {
  std::string bytes = file_bytes(path_);
  const std::size_t block = bytes.find("ZBK1");
  bytes[block + 70] = static_cast<char>(bytes[block + 70] ^ 1);
  for (std::size_t at = bytes.find("ZBK1"); at != std::string::npos;
       at = bytes.find("ZBK1", at + 1))
    bytes[at + 70] = static_cast<char>(bytes[at + 70] ^ 1);
  write_file(path_, bytes);
  const Result<CompactReport> report = compact_bag(path_, {});
  EXPECT_EQ(report.error().code, ErrorCode::kDamaged);
  EXPECT_THAT(report.error().message,
              testing::EndsWith("; nothing was changed; zbag recover saves what is intact"));
  EXPECT_EQ(file_bytes(path_), bytes);
}

TEST_F(CompactTest, StopsWhenAskedToAndChangesNothing) {
  const std::string before = file_bytes(path_);
  EXPECT_EQ(compact_bag(path_, {}, [](double) { return false; }).error().code, ErrorCode::kClosed);
  EXPECT_EQ(file_bytes(path_), before);
}

TEST_F(CompactTest, LeavesABagAloneThatHasTakenTheNameMeanwhile) {
  const std::string newer = dir_.path("newer.zbag");
  write_file(newer, "what nobody may lose");
  const Result<CompactReport> report = compact_bag(path_, {}, [&](double) {
    std::error_code error;  // of every call but the first
    std::filesystem::rename(newer, path_, error);
    return true;
  });
  ASSERT_FALSE(report.has_value());
  EXPECT_THAT(report.error().message, HasSubstr("replaced meanwhile; nothing was changed"));
  EXPECT_EQ(file_bytes(path_), "what nobody may lose");
}

TEST_F(CompactTest, DoesNotBringBackABagThatWasRemoved) {
  const Result<CompactReport> report =
      compact_bag(path_, {}, [&](double) { return std::filesystem::remove(path_), true; });
  ASSERT_FALSE(report.has_value());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace zbag
