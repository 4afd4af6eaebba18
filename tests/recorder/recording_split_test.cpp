// A recording that goes on in new bags: every point is in one of them, every bag is whole and
// counts what came while it was written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <utility>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "schemas/field_lookup.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RecordingSplitTest : public testing::Test {
 protected:
  std::unique_ptr<Recording> open(SplitRules rules) {
    Recording::Options options;
    options.sync = std::chrono::hours(1);  // writes only when told to, or when enough has gathered
    options.split = rules;
    return Recording::open(path_, std::move(options), lmdb_storage({.map_bytes = 64u << 20}))
        .value();
  }
  // Frame `number` of publisher 1.
  void accept(Recording& recording, std::uint64_t number, std::size_t bytes = 8) {
    std::string frame;
    encode_fields({{"_ts", static_cast<double>(number)},
                   {"_src", 1},
                   {"_seq", number},
                   {"data", Binary{std::string(bytes, 'x')}}},
                  frame);
    recording.intake().accept("a", bytes_of(frame), ArrivalTime::now());
    recording.hand_over(false);
  }
  static std::uint64_t seconds_of(const Seen& point) {
    return static_cast<std::uint64_t>(point.key) / 1'000'000'000;
  }
  // Checks each bag and gives the seconds its points begin and end with.
  void expect_whole(const std::vector<std::string>& paths, std::uint64_t limit) {
    std::uint64_t next = 0;
    for (const std::string& path : paths) {
      EXPECT_THAT(check_bag(path)->problems, IsEmpty()) << path;
      EXPECT_FALSE(check_bag(path)->unclosed) << path;
      const BagReader reader = BagReader::open(path).value();
      EXPECT_TRUE(reader.summary()->fate().balances());
      for (const Seen& point : read_all(reader, {})) ASSERT_EQ(seconds_of(point), next++) << path;
    }
    EXPECT_EQ(next, limit);
  }

  TempDir dir_;
  const std::string path_ = dir_.path("day.zbag");
};

TEST_F(RecordingSplitTest, GoesOnInANewBagWhenAsked) {
  auto recording = open({});
  for (std::uint64_t i = 0; i < 10; ++i) accept(*recording, i);
  EXPECT_EQ(recording->wait_for(recording->request_split())->count, 10u);
  EXPECT_EQ(recording->path(), dir_.path("day_0001.zbag"));
  EXPECT_FALSE(is_being_written(path_));  // others may compact it now
  for (std::uint64_t i = 10; i < 15; ++i) accept(*recording, i);
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_EQ(recording->totals().fate.points, 15u);
  EXPECT_EQ(recording->totals().bags, 2u);
  EXPECT_THAT(recording->paths(), ElementsAre(path_, dir_.path("day_0001.zbag")));
  expect_whole(recording->paths(), 15);
  const RunRecord run = BagReader::open(recording->path())->summary()->runs.front();
  EXPECT_EQ(text_field(run.config, "continues"), "day.zbag");
}

TEST_F(RecordingSplitTest, SplitsNoBagWithoutPoints) {
  auto recording = open({});
  EXPECT_EQ(recording->wait_for(recording->request_split()).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(recording->failure());
  accept(*recording, 0);
  EXPECT_TRUE(recording->wait_for(recording->request_split()).has_value());
  EXPECT_FALSE(recording->wait_for(recording->request_split()).has_value());
  EXPECT_EQ(recording->totals().bags, 2u);
}

TEST_F(RecordingSplitTest, KeepsEveryBagBelowItsSize) {
  constexpr std::uint64_t kBytesMax = 3'000'000;
  auto recording = open({.bytes_max = kBytesMax});
  constexpr std::uint64_t kFrames = 200;
  for (std::uint64_t i = 0; i < kFrames; ++i) {
    accept(*recording, i, 100'000);
    if (i % 5 == 4) {
      ASSERT_TRUE(recording->flush().has_value());
    }
  }
  ASSERT_TRUE(recording->close().has_value());
  const std::vector<std::string> paths = recording->paths();
  EXPECT_GE(paths.size(), kFrames * 100'000 / kBytesMax);
  EXPECT_LE(paths.size(), 2 * kFrames * 100'000 / kBytesMax);
  for (const std::string& path : paths)
    EXPECT_LE(std::filesystem::file_size(path), kBytesMax + 1'000'000) << path;
  expect_whole(paths, kFrames);
}

TEST_F(RecordingSplitTest, SplitsByAgeWhileFramesPour) {
  auto recording = open({.age_max = std::chrono::milliseconds(1)});
  std::uint64_t frames = 0;
  while (recording->totals().bags < 5) {
    accept(*recording, frames++);
    recording->hand_over(true);
    ASSERT_TRUE(recording->flush().has_value());
  }
  ASSERT_TRUE(recording->close().has_value());
  expect_whole(recording->paths(), frames);
}

// What comes last belongs with what came before: a sliver of its own could push a bag out of a
// ring.
TEST_F(RecordingSplitTest, NeverSplitsWhenItCloses) {
  auto recording = open({.age_max = std::chrono::nanoseconds(1), .files_max = 1});
  accept(*recording, 0);
  ASSERT_TRUE(recording->flush().has_value());
  accept(*recording, 1);
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_EQ(recording->totals().bags, 1u);
  expect_whole(recording->paths(), 2);
}

TEST_F(RecordingSplitTest, KeepsARingOfTheNewest) {
  auto recording = open({.files_max = 2});
  for (std::uint64_t i = 0; i < 50; ++i) {
    accept(*recording, i);
    if (i % 10 == 9 && i < 49) {
      ASSERT_TRUE(recording->wait_for(recording->request_split()));
    }
  }
  ASSERT_TRUE(recording->close().has_value());
  const RecordingTotals totals = recording->totals();
  EXPECT_EQ(totals.fate.points, 50u);
  EXPECT_EQ(totals.bags, 5u);
  EXPECT_EQ(totals.removed_bags, 3u);
  EXPECT_EQ(totals.removed_points, 30u);
  std::vector<std::uint64_t> kept;
  for (const std::string& path : recording->paths()) {
    for (const Seen& point : read_all(BagReader::open(path).value(), {}))
      kept.push_back(seconds_of(point));
  }
  EXPECT_EQ(kept.size(), 20u);
  EXPECT_EQ(kept.front(), 30u);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// Frames 4, 5 are lost in the first bag, frame 12 in the second; 5 comes after the split after all.
TEST_F(RecordingSplitTest, CountsLossesOnceInTheBagTheyFallInto) {
  auto recording = open({});
  for (const std::uint64_t i : {2u, 3u, 6u, 7u}) accept(*recording, i);
  ASSERT_TRUE(recording->wait_for(recording->request_split()));
  for (const std::uint64_t i : {8u, 5u, 9u, 10u, 11u, 13u}) accept(*recording, i);
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_EQ(recording->totals().lost(), 2u);  // 4 and 12
  const BagSummary first = BagReader::open(recording->paths()[0])->summary().value();
  const BagSummary second = BagReader::open(recording->paths()[1])->summary().value();
  EXPECT_EQ(first.lost(), 2u);
  EXPECT_EQ(first.tracks.front().missed_before, 2u);
  EXPECT_EQ(second.lost(), 0u);  // 12 is one more, 5 one less
  EXPECT_EQ(second.tracks.front().missed_before, 0u);
  EXPECT_EQ(second.fate().received, 6u);
}

// A storage that can not be opened every time: `refuse` says why, or nothing, of its n-th opening.
OpenStorage refusing(std::function<std::optional<ErrorCode>(int n)> refuse) {
  return [open = lmdb_storage({.map_bytes = 64u << 20}), refuse = std::move(refuse), n = 0](
             const std::string& path,
             const StorageOptions& storage) mutable -> Result<std::unique_ptr<Storage>> {
    if (const std::optional<ErrorCode> why = refuse(n++)) return fail(*why, path + ": no");
    return open(path, storage);
  };
}

TEST_F(RecordingSplitTest, ARingKeepsItsOldestBagUntilANewOneHasBegun) {
  Recording::Options options;
  options.split.files_max = 2;
  std::atomic<bool> refuses = false;
  const OpenStorage storage =
      refusing([&](int) { return refuses ? std::optional(ErrorCode::kIo) : std::nullopt; });
  auto recording = Recording::open(path_, options, storage).value();
  accept(*recording, 0);
  ASSERT_TRUE(recording->wait_for(recording->request_split()));
  accept(*recording, 1);
  refuses = true;
  EXPECT_FALSE(recording->wait_for(recording->request_split()));
  EXPECT_THAT(recording->paths(), ElementsAre(path_, dir_.path("day_0001.zbag")));
  EXPECT_TRUE(std::filesystem::exists(path_));
  refuses = false;
  ASSERT_TRUE(recording->wait_for(recording->request_split()));
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(recording->totals().removed_bags, 1u);
}

TEST_F(RecordingSplitTest, ARingMakesRoomForANewBagOnAFullDisk) {
  Recording::Options options;
  options.split.files_max = 2;
  const OpenStorage storage = refusing([&](int n) {
    const bool is_full = n > 1 && std::filesystem::exists(path_);
    return is_full ? std::optional(ErrorCode::kDiskFull) : std::nullopt;
  });
  auto recording = Recording::open(path_, options, storage).value();
  for (std::uint64_t i = 0; i < 2; ++i) {
    accept(*recording, i);
    ASSERT_TRUE(recording->wait_for(recording->request_split()));
  }
  EXPECT_EQ(recording->paths().size(), 2u);
  ASSERT_TRUE(recording->close().has_value());
}

TEST_F(RecordingSplitTest, WritesOnWhereNoNewBagCanBeMade) {
  Recording::Options options;
  options.split.age_max = std::chrono::nanoseconds(1);
  std::atomic<int> warnings = 0;
  options.intake.warn = [&](const std::string&) { ++warnings; };
  const OpenStorage opens_once =
      [open = lmdb_storage({.map_bytes = 64u << 20}), is_first = true](
          const std::string& path,
          const StorageOptions& storage) mutable -> Result<std::unique_ptr<Storage>> {
    if (!std::exchange(is_first, false)) return fail(ErrorCode::kIo, path + ": there is no room");
    return open(path, storage);
  };
  const std::string path = dir_.path("day.zbag");
  auto recording = Recording::open(path, options, opens_once).value();
  accept(*recording, 0);
  ASSERT_TRUE(recording->flush().has_value());
  EXPECT_FALSE(recording->wait_for(recording->request_split()).has_value());
  accept(*recording, 1);  // is due, by its age
  ASSERT_TRUE(recording->flush().has_value());
  EXPECT_EQ(warnings, 1);
  EXPECT_FALSE(recording->failure().has_value());
  EXPECT_TRUE(recording->close().has_value());
  EXPECT_EQ(recording->totals().fate.points, 2u);
  recording.reset();
  const Result<BagReader> reader = BagReader::open(path);
  ASSERT_TRUE(reader.has_value()) << reader.error().message;
  EXPECT_EQ(read_all(*reader, {}).size(), 2u);
}

}  // namespace
}  // namespace zbag
