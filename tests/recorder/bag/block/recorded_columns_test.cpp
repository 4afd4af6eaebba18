// Blocks of the real recordings of ZBAG_TEST_DATA: every point comes back, byte for byte. One that
// is not there is skipped, and no other.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "player/imports/neutral_file.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/recording_path.hpp"

namespace zbag {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;

std::string map_of(const RowPoint& row) {
  std::string map;
  append_map(row.map(), map);
  return map;
}

// Gathers points of one track into blocks, each encoded and read back.
class Track {
 public:
  void add(std::int64_t key, const Fields& fields) {
    RowPoint row = store_.make(next_key_ = std::max(key, next_key_), fields);
    if (lz4_.count() > 0 && lz4_.bytes_with(row) > kBlockBytes) finish();
    lz4_.add(row, false);
    zstd_.add(row, false);
  }
  void finish() {
    if (lz4_.count() == 0) return;
    check(lz4_, {Compression::kLz4, 1});
    check(zstd_, {Compression::kZstd, 3});
  }
  std::size_t differing() const { return differing_; }
  std::size_t of_columns() const { return of_columns_; }

 private:
  void check(BlockEncoder& encoder, CompressionSpec compression) {
    const std::string bytes(text_of(encoder.finish({.track = 1}, compression)));
    const Block block = Block::open(bytes).value();
    of_columns_ += block.header().codec == Codec::kColumns ? 1 : 0;
    for (std::size_t i = 0; i < encoder.count(); ++i) {
      const bool is_same = block.points()[i].key == encoder.points()[i].key &&
                           text_of(block.points()[i].map) == map_of(encoder.points()[i]);
      differing_ += is_same ? 0 : 1;
    }
    encoder.clear();
  }

  RowStore store_;
  BlockEncoder lz4_;
  BlockEncoder zstd_;
  std::int64_t next_key_ = INT64_MIN;
  std::size_t differing_ = 0;
  std::size_t of_columns_ = 0;
};

class RecordedColumnsTest : public testing::TestWithParam<const char*> {};

TEST_P(RecordedColumnsTest, GivesBackEveryPoint) {
  const std::filesystem::path file = recording_path(GetParam());
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no recording " << GetParam() << ": " << file;
  NeutralReader reader = NeutralReader::open(file).value();
  std::map<std::string, Track> tracks;
  for (auto frame = reader.next(); !frame || *frame; frame = reader.next()) {
    if (frame) tracks[(*frame)->track].add((*frame)->stamp.ns(), (*frame)->fields);
  }
  std::size_t of_columns = 0;
  for (auto& [name, track] : tracks) {
    track.finish();
    of_columns += track.of_columns();
    EXPECT_EQ(track.differing(), 0u) << name;
  }
  EXPECT_GT(of_columns, 0u);
}

constexpr std::array kRecordings = {
    "aces",          "broad_07",        "bvh_walk_meredith", "cmu_02_01_walk",    "comma2k19_car",
    "g1_bottle_ep5", "g1_tiny",         "gait_imu_orient",   "gait_walk",         "husky_outdoor",
    "intel_lab",     "intel_lab_short", "mines_exp1",        "ouster_os1_3scans", "plaza1_uwb",
    "px4_auav_x21",  "px4_fmu_v6c",     "tilt_laser",        "turtlebot3_sim",    "utias_mrclam1"};

INSTANTIATE_TEST_SUITE_P(Recordings, RecordedColumnsTest, testing::ValuesIn(kRecordings),
                         [](const auto& recording) { return std::string(recording.param); });

// A recording that is there and not in the list would be proven by nothing.
TEST(RecordedColumnsListTest, NamesEveryRecordingThatIsThere) {
  const std::filesystem::path folder = recording_path("any").parent_path().parent_path();
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no recordings; set ZBAG_TEST_DATA";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!std::filesystem::exists(recording_path(name))) continue;
    EXPECT_NE(std::find(kRecordings.begin(), kRecordings.end(), name), kRecordings.end()) << name;
  }
}

}  // namespace
}  // namespace zbag
