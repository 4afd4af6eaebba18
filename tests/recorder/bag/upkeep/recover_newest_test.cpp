// A bag whose writer was killed, and whose newest pages are gone or damaged: recover gives back
// every point of which a block or a record of the journal can be read, and says so where nothing
// that is left tells whether these are all.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "recorder/bag/journal/journal_record.hpp"
#include "recorder/bag/upkeep/recover.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::size_t kPage = 4096;

class RecoverNewestTest : public testing::Test {
 protected:
  using PointKey = std::pair<std::string, std::int64_t>;  // track and key: there is none twice
  using PointKeys = std::set<PointKey>;

  // Commits of several tracks, one of them new every so often, some with a late point; no end.
  void record(int commits) {
    BagWriter::Options options = small_blocks();
    options.compression = {Compression::kNone};
    BagWriter writer = BagWriter::open(path_, options).value();
    for (int n = 0; n < commits; ++n) {
      RowStore store;
      Batch batch;
      for (int t = 0; t < 2 + n / 20; ++t) {
        const bool is_late = n % 16 == 15 && t == 0;
        const std::int64_t key = is_late ? 1'000 * (n - 12) + 500 : 1'000 * n + t;
        const std::string text(60, static_cast<char>('a' + n % 26));
        batch.tracks.push_back(
            batch_of(fmt::format("t{}", t), {store.make(key, {{"text", text}, {"n", n}})}));
        written_.emplace(batch.tracks.back().name, key);
      }
      ASSERT_TRUE(writer.write(batch).has_value());
      note_values(*writer.file());
    }
    whole_ = file_bytes(path_);
  }

  // Keys and values of all blocks and records of the journal there ever are, and their points.
  void note_values(BagFile& file) {
    const auto txn = file.env().read().value();
    TableCursor blocks = TableCursor::open(*txn, file.tables().blocks).value();
    for (auto item = blocks.first().value(); item; item = blocks.next().value()) {
      const Block block = Block::open(item->value).value();
      PointKeys& points = values_[std::string(item->value)];
      for (const StoredPoint& point : block.points())
        points.emplace(name_of(block.header().track), point.key);
    }
    TableCursor journal = TableCursor::open(*txn, file.tables().journal).value();
    const auto item = journal.last().value();
    ASSERT_TRUE(item.has_value());
    newest_ = std::string(item->key) + std::string(item->value);
    const JournalRecord record = JournalRecord::decode(item->key, item->value).value();
    for (const JournalRecord::Section& section : record.sections()) {
      for (const RowPoint& row : section.rows)
        values_[newest_].emplace(name_of(section.track), row.key);
    }
  }
  // Tracks have their numbers in the order in which they came.
  static std::string name_of(std::uint32_t track) { return fmt::format("t{}", track - 1); }

  RecoverReport recover(const std::string& bytes) {
    std::filesystem::remove(out_);
    std::filesystem::remove(out_ + "-lock");
    write_file(path_, bytes);
    return recover_bag(path_, out_).value();
  }

  PointKeys recovered(const RecoverReport& report) const {
    PointKeys found;
    for (const Seen& point : read_all(BagReader::open(out_).value(), {.all_tracks = true})) {
      const auto& unnamed = report.unnamed_tracks;
      const bool has_name = std::ranges::find(unnamed, point.track) == unnamed.end();
      const std::string name =
          has_name ? point.track
                   : name_of(static_cast<std::uint32_t>(std::stoul(point.track.substr(6))));
      EXPECT_TRUE(found.emplace(name, point.key).second) << name << " " << point.key;
    }
    return found;
  }

  // Points of the values that are whole in `bytes`.
  PointKeys readable(const std::string& bytes) const {
    PointKeys points;
    for (const auto& [value, of_value] : values_) {
      if (bytes.find(value) != std::string::npos) points.insert(of_value.begin(), of_value.end());
    }
    return points;
  }
  static PointKeys difference(const PointKeys& all, const PointKeys& without) {
    PointKeys rest;
    std::ranges::set_difference(all, without, std::inserter(rest, rest.end()));
    return rest;
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  const std::string out_ = dir_.path("out.zbag");
  std::string whole_;
  PointKeys written_;
  std::map<std::string, PointKeys> values_;
  std::string newest_;  // record of the journal, with its key
};

TEST_F(RecoverNewestTest, GivesBackWhatCanBeReadWhereverTheEndIsGone) {
  record(120);
  std::size_t doubted = 0;
  for (std::size_t pages = whole_.size() / kPage; pages > 4; --pages) {
    const std::string bytes = whole_.substr(0, pages * kPage);
    const RecoverReport report = recover(bytes);
    const PointKeys found = recovered(report);
    EXPECT_THAT(difference(readable(bytes), found), IsEmpty()) << pages << " pages";
    const bool is_told = !report.lost.empty() || !report.doubts.empty();
    EXPECT_TRUE(is_told || found.size() == written_.size()) << pages << " pages";
    doubted += report.lost.empty() && found.size() < written_.size() ? 1 : 0;
  }
  EXPECT_GT(doubted, 0u);  // which the next test is about
}

TEST_F(RecoverNewestTest, SaysThatPointsBehindThoseFoundMayBeMissing) {
  record(40);
  const std::size_t newest = whole_.find(newest_) / kPage;
  ASSERT_EQ(whole_.find(newest_, (newest + 1) * kPage), std::string::npos);
  std::string bytes = whole_;
  std::fill_n(bytes.begin() + static_cast<long>(newest * kPage), kPage, '\x5a');
  const RecoverReport report = recover(bytes);
  EXPECT_LT(recovered(report).size(), written_.size());
  ASSERT_THAT(report.doubts, SizeIs(1));
  EXPECT_THAT(report.doubts[0], HasSubstr("points may be missing that came after those found"));
}

TEST_F(RecoverNewestTest, SaysThatPointsOfADamagedRecordMayBeMissing) {
  record(40);
  std::string bytes = whole_;
  for (std::size_t at = bytes.find(newest_); at != std::string::npos; at = bytes.find(newest_))
    bytes[at + newest_.size() / 2] ^= 1;
  const RecoverReport report = recover(bytes);
  EXPECT_EQ(difference(written_, recovered(report)), values_.at(newest_));
  EXPECT_THAT(report.doubts, ElementsAre(HasSubstr("points that it alone held may be missing")));
  EXPECT_THAT(report.damage, Not(IsEmpty()));
}

TEST_F(RecoverNewestTest, HasNoDoubtsOfASoundBag) {
  record(40);
  const RecoverReport report = recover(whole_);
  EXPECT_TRUE(report.is_whole());
  EXPECT_THAT(report.doubts, IsEmpty());
}

}  // namespace
}  // namespace zbag
