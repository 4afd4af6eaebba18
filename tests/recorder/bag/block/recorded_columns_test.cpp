// Blocks of the real recordings of ZBAG_TEST_DATA: every point comes back, byte for byte. Skipped
// where they are not.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "player/formats/neutral_file.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;

std::vector<std::filesystem::path> recordings() {
  std::vector<std::filesystem::path> files;
  const char* const folder = std::getenv("ZBAG_TEST_DATA");
  if (folder == nullptr || !std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().string().ends_with(".jsonl.xz")) files.push_back(entry.path());
  }
  return files;
}

std::string map_of(const RowPoint& row) {
  std::string map(5, '\0');
  map.resize(write_map_header(row.fields, reinterpret_cast<std::uint8_t*>(map.data())));
  return map.append(reinterpret_cast<const char*>(row.pairs), row.pairs_bytes);
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

TEST(RecordedColumnsTest, GivesBackEveryPointOfEveryRecording) {
  const auto files = recordings();
  if (files.empty()) GTEST_SKIP() << "no recordings; set ZBAG_TEST_DATA to the folder of them";
  for (const auto& file : files) {
    NeutralReader reader = NeutralReader::open(file).value();
    std::map<std::string, Track> tracks;
    for (auto frame = reader.next(); !frame || *frame; frame = reader.next()) {
      if (frame) tracks[(*frame)->track].add((*frame)->stamp.ns(), (*frame)->fields);
    }
    std::size_t of_columns = 0;
    for (auto& [name, track] : tracks) {
      track.finish();
      of_columns += track.of_columns();
      EXPECT_EQ(track.differing(), 0u) << file << " " << name;
    }
    EXPECT_GT(of_columns, 0u) << file;
  }
}

}  // namespace
}  // namespace zbag
