// What is intact of a damaged bag comes back, nothing twice, nothing wrong; what is lost is said.
#include "recorder/bag/upkeep/recover.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "recorder/bag/pages/meta_pages.hpp"
#include "recorder/bag/pages/page_walk.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "schemas/field_lookup.hpp"
#include "tests/recorder/bag/model.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kPage = 4096;
const BagReader::Selection kEverything{.all_tracks = true};

std::vector<Seen> all_of(const std::string& path) {
  return read_all(BagReader::open(path).value(), kEverything);
}

std::string without_metas(std::string bytes) {
  std::fill_n(bytes.begin(), 2 * kPage, '\x5a');
  return bytes;
}

// Makes every branch page one that leads nowhere: no tree of two levels is left.
std::string without_branches(std::string bytes) {
  for (std::size_t at = 2 * kPage; at + kPage <= bytes.size(); at += kPage) {
    std::uint64_t number = 0;
    std::uint16_t flags = 0;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    std::memcpy(&flags, bytes.data() + at + 10, sizeof flags);
    if (number == at / kPage && flags == 1)
      std::fill_n(bytes.begin() + static_cast<long>(at), 64, '\x5a');
  }
  return bytes;
}

// Only values on pages of their own are left.
std::string without_trees(std::string bytes) {
  constexpr std::uint16_t kOverflowPage = 4;
  for (std::size_t at = 0; at + kPage <= bytes.size(); at += kPage) {
    std::uint64_t number = 0;
    std::uint16_t flags = 0;
    std::uint32_t pages = 0;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    std::memcpy(&flags, bytes.data() + at + 10, sizeof flags);
    std::memcpy(&pages, bytes.data() + at + 12, sizeof pages);
    const bool is_value = number == at / kPage && flags == kOverflowPage && number > 1;
    if (is_value) at += (pages - 1) * kPage;
    if (!is_value) std::fill_n(bytes.begin() + static_cast<long>(at), kPage, '\x5a');
  }
  return bytes;
}

// The leaf pages of the table of blocks, in order.
std::vector<std::uint64_t> leaves_of_blocks(const std::string& bytes, std::uint64_t main_root) {
  const PageFile pages(bytes_of(bytes), kPage);
  std::uint64_t root = 0;
  for (const std::uint16_t offset : pages.nodes(main_root)) {
    const PageNode node = pages.leaf_node(main_root, offset).value();
    if (node.key == kBlocksTable) root = node.root().value();
  }
  std::vector<std::uint64_t> leaves;
  for (const std::uint16_t offset : pages.nodes(root))
    leaves.push_back(pages.branch_node(root, offset)->child);
  return leaves;
}

class RecoverModelTest
    : public testing::TestWithParam<std::tuple<int, MergeMode, LateMerge, Compression, Lateness>> {
 protected:
  void SetUp() override {
    BagWriter::Options options = small_blocks();
    options.merge = std::get<1>(GetParam());
    options.late_merge = std::get<2>(GetParam());
    options.compression.kind = std::get<3>(GetParam());
    std::vector<ModelTrack> tracks;
    for (const char* name : {"a", "b/c"})
      tracks.emplace_back(name, std::get<1>(GetParam()), options.late_merge);
    RandomArrivals arrivals(static_cast<std::uint64_t>(std::get<0>(GetParam())),
                            std::get<4>(GetParam()));
    BagWriter writer = BagWriter::open(path_, options).value();
    for (int i = 0; i < 60; ++i) {
      RowStore store;
      Batch batch;
      for (ModelTrack& track : tracks)
        batch.tracks.push_back(track.arrive(store, arrivals.some(track.name(), 40)));
      ASSERT_TRUE(writer.write(batch).has_value());
      for (const ModelTrack& track : tracks) note_states(track);
    }
    ASSERT_TRUE(writer.close().has_value());
    whole_ = file_bytes(path_);
    note_records();
    points_ = in_global_order(tracks);
    ASSERT_EQ(difference(all_of(path_), points_), "");
  }

  RecoverReport recover(const std::string& bytes) {
    write_file(path_, bytes);
    return recover_bag(path_, out_).value();
  }

  static bool replaces_stored_values() {
    return std::get<1>(GetParam()) != MergeMode::kAppend &&
           std::get<2>(GetParam()) == LateMerge::kMerge;
  }
  static std::size_t bytes_of_map(const Seen& point) {
    std::string map;
    encode_fields(point.fields, map);
    return map.size();
  }

  // Points as the bag holds them now: what any reader may have seen.
  void note_states(const ModelTrack& track) {
    for (const Seen& point : track.by_index()) {
      std::vector<Fields>& states = states_[identity_of(point)];
      if (std::find(states.begin(), states.end(), point.fields) == states.end())
        states.push_back(point.fields);
    }
  }

  void note_records() {
    const auto file = BagFile::open_to_read(path_).value();
    const auto txn = file->read().value();
    for (const char* name : {"a", "b/c"})
      records_.emplace_back(txn->get(file->tables().tracks, name).value().value());
  }
  // Without them an older state of a record stands in, which counts fewer points.
  bool holds_newest_records(const std::string& bytes) const {
    return std::all_of(records_.begin(), records_.end(), [&](const std::string& record) {
      return bytes.find(record) != std::string::npos;
    });
  }

  using Identity = std::tuple<std::string, std::int64_t, std::int64_t>;
  static Identity identity_of(const Seen& point) { return {point.track, point.key, point.wall_ns}; }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  const std::string out_ = dir_.path("out.zbag");
  std::string whole_;
  std::vector<Seen> points_;
  std::vector<std::string> records_;                // of the tracks, as they were left
  std::map<Identity, std::vector<Fields>> states_;  // of each point, all it has been in
};

TEST_P(RecoverModelTest, CopiesAWholeBag) {
  const RecoverReport report = recover(whole_);
  EXPECT_TRUE(report.is_whole());
  EXPECT_EQ(report.points, points_.size());
  EXPECT_EQ(difference(all_of(out_), points_), "");
}

TEST_P(RecoverModelTest, FindsTheTreesWithoutMetaPages) {
  const RecoverReport report = recover(without_metas(whole_));
  EXPECT_FALSE(report.is_whole());
  EXPECT_THAT(report.lost, IsEmpty());
  EXPECT_EQ(difference(all_of(out_), points_), "");
  const BagSummary summary = BagReader::open(out_)->summary().value();
  EXPECT_TRUE(summary.fate().balances());
  EXPECT_EQ(summary.tracks.size(), 2u);
}

// No tree is left at all: blocks are found one by one, stale ones among them. Every point is there
// once, in its newest state, as no block is lost; but nothing in a block tells two of its states
// apart where a late frame has put a value in the place of another that is as long (salvage.hpp,
// newness). There, and nowhere else, an earlier state may come back, which the report can not name.
TEST_P(RecoverModelTest, FindsEveryPointWithoutAnyTree) {
  const RecoverReport report = recover(without_branches(without_metas(whole_)));
  EXPECT_THAT(report.lost, IsEmpty());
  EXPECT_THAT(report.unnamed_tracks, IsEmpty());
  const std::vector<Seen> found = all_of(out_);
  ASSERT_EQ(found.size(), points_.size());
  std::size_t stale = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] == points_[i]) continue;
    ++stale;
    Seen in_its_newest_state = found[i];
    in_its_newest_state.fields = points_[i].fields;
    EXPECT_EQ(in_its_newest_state, points_[i]);
    EXPECT_THAT(states_[identity_of(found[i])], testing::Contains(found[i].fields));
    EXPECT_EQ(bytes_of_map(found[i]), bytes_of_map(points_[i]));
  }
  EXPECT_TRUE(stale == 0 || replaces_stored_values());
  EXPECT_LE(stale, 3u);  // as many as the seeds were chosen for
  EXPECT_TRUE(check_bag(out_)->problems.empty());
}

// Stale blocks stand in for those that are damaged, and bring no point back twice.
TEST_P(RecoverModelTest, FindsNothingTwiceWhereBlocksAreDamaged) {
  std::map<Identity, int> there;
  for (const Seen& point : points_) ++there[identity_of(point)];
  std::mt19937_64 random(1);
  std::uint64_t most = 0;
  int counted = 0;
  for (int round = 0; round < 10; ++round) {
    std::string bytes = without_branches(without_metas(whole_));
    for (int i = 0; i < 20 * (round + 1); ++i) bytes[random() % bytes.size()] ^= 1;
    const RecoverReport report = recover(bytes);
    most = std::max(most, report.points);
    // Where the page a record lies on is damaged, nobody reads it.
    if (holds_newest_records(bytes) && report.unnamed_tracks.empty()) {
      ++counted;
      EXPECT_GE(report.points + report.lost_points, points_.size());
    }
    std::map<Identity, int> left = there;
    for (Seen point : all_of(out_)) {
      if (point.track == "track-0001") point.track = "a";  // its record is lost
      if (point.track == "track-0002") point.track = "b/c";
      const int more = --left[identity_of(point)];
      ASSERT_GE(more, 0) << point.track << point.key;
    }
    std::filesystem::remove(out_);
    std::filesystem::remove(out_ + "-lock");
  }
  EXPECT_GT(most, points_.size() / 2);
  EXPECT_GT(counted, 3);
}

INSTANTIATE_TEST_SUITE_P(Modes, RecoverModelTest,
                         testing::Values(std::tuple(401, MergeMode::kShallow, LateMerge::kMerge,
                                                    Compression::kNone, Lateness::kAnywhere),
                                         std::tuple(1102, MergeMode::kShallow, LateMerge::kMerge,
                                                    Compression::kLz4, Lateness::kAnywhere),
                                         std::tuple(603, MergeMode::kDeep, LateMerge::kMerge,
                                                    Compression::kZstd, Lateness::kAnywhere),
                                         std::tuple(4, MergeMode::kAppend, LateMerge::kAppend,
                                                    Compression::kLz4, Lateness::kAnywhere),
                                         std::tuple(5, MergeMode::kAppend, LateMerge::kAppend,
                                                    Compression::kNone, Lateness::kByALittle),
                                         std::tuple(6, MergeMode::kShallow, LateMerge::kReject,
                                                    Compression::kZstd, Lateness::kAnywhere),
                                         std::tuple(1607, MergeMode::kShallow, LateMerge::kMerge,
                                                    Compression::kNone, Lateness::kByALittle),
                                         std::tuple(8, MergeMode::kDeep, LateMerge::kReject,
                                                    Compression::kLz4, Lateness::kByALittle),
                                         std::tuple(9, MergeMode::kShallow, LateMerge::kAppend,
                                                    Compression::kZstd, Lateness::kByALittle),
                                         std::tuple(10, MergeMode::kJoin, LateMerge::kMerge,
                                                    Compression::kNone, Lateness::kAnywhere),
                                         std::tuple(21, MergeMode::kJoin, LateMerge::kMerge,
                                                    Compression::kLz4, Lateness::kByALittle),
                                         std::tuple(22, MergeMode::kJoin, LateMerge::kReject,
                                                    Compression::kZstd, Lateness::kAnywhere)));

// A bag of small blocks, full blocks, a lone image and a late point.
class RecoverTest : public testing::Test {
 protected:
  void SetUp() override {
    BagWriter::Options options = small_blocks();
    options.compression.kind = Compression::kNone;
    BagWriter writer = BagWriter::open(path_, options).value();
    RowStore store;
    for (int run = 0; run < 4; ++run) {
      std::vector<RowPoint> rows;
      for (int i = 0; i < kPoints / 4; ++i)
        rows.push_back(store.make(10 * (run * kPoints / 4 + i), number_fields(i)));
      ASSERT_TRUE(writer.write(batch_of_one("main", rows)).has_value());
    }
    ASSERT_TRUE(writer.write(small_batch(store, "main", 55, 7)).has_value());
    ASSERT_TRUE(writer
                    .write(batch_of_one(
                        "image", {store.make(1, {{"jpeg", Binary{std::string(30'000, 'j')}}})}))
                    .has_value());
    ASSERT_TRUE(writer.write(small_batch(store, "small", 5)).has_value());
    ASSERT_TRUE(writer.close().has_value());
    whole_ = file_bytes(path_);
    points_ = all_of(path_);
  }

  Result<RecoverReport> recover(const std::string& bytes) {
    std::filesystem::remove(out_);
    std::filesystem::remove(out_ + "-lock");
    write_file(path_, bytes);
    return recover_bag(path_, out_);
  }

  // Keys and values of the table of blocks, as they are in the whole bag.
  std::map<std::string, std::string> blocks_of_whole() const {
    write_file(dir_.path("whole.zbag"), whole_);
    const auto file = BagFile::open_to_read(dir_.path("whole.zbag")).value();
    const auto txn = file->read().value();
    TableCursor cursor = TableCursor::open(*txn, file->tables().blocks).value();
    std::map<std::string, std::string> blocks;
    for (auto item = cursor.first().value(); item; item = cursor.next().value())
      blocks.emplace(item->key, item->value);
    return blocks;
  }

  // What came back is part of what was there; `names`: of tracks whose names are lost.
  void expect_nothing_wrong(const std::map<std::string, std::string>& names = {}) {
    std::vector<Seen> found = all_of(out_);
    for (Seen& point : found) {
      if (const auto name = names.find(point.track); name != names.end())
        point.track = name->second;
    }
    std::ranges::stable_sort(found, {}, &Seen::key);
    std::vector<Seen> there = points_;
    std::ranges::stable_sort(there, {}, &Seen::key);
    auto at = there.begin();
    for (const Seen& point : found) {
      at = std::find(at, there.end(), point);
      ASSERT_NE(at, there.end()) << point.track << " " << point.key;
      ++at;
    }
    const Result<CheckReport> report = check_bag(out_);
    ASSERT_TRUE(report.has_value());
    EXPECT_THAT(report->problems, IsEmpty());
    EXPECT_TRUE(BagReader::open(out_)->summary()->fate().balances());
  }

  static constexpr int kPoints = 2'000;
  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  const std::string out_ = dir_.path("out.zbag");
  std::string whole_;
  std::vector<Seen> points_;
};

TEST_F(RecoverTest, CostsOneBlockWhereOneByteIsFlippedAndSaysWhich) {
  // In the middle of the rows of a full block: pages of the trees are elsewhere.
  const auto file = BagFile::open_to_read(path_).value();
  std::vector<BlockHeader> headers;
  std::string bytes = whole_;
  {
    const auto txn = file->read().value();
    TableCursor cursor = TableCursor::open(*txn, file->tables().blocks).value();
    for (auto item = cursor.first().value(); item; item = cursor.next().value()) {
      headers.push_back(read_block_header(item->value).value());
      if (headers.size() != 2) continue;
      for (std::size_t at = bytes.find(item->value); at != std::string::npos;
           at = bytes.find(item->value))  // stale copies, too
        bytes[at + item->value.size() / 2] ^= 1;
    }
  }
  const RecoverReport report = recover(bytes).value();
  ASSERT_THAT(report.lost, SizeIs(1));
  EXPECT_EQ(report.lost[0].track, "main");
  EXPECT_EQ(report.lost[0].first, headers[1].first);
  EXPECT_EQ(report.lost[0].last, headers[1].last);
  EXPECT_EQ(report.lost[0].points, headers[1].count);
  EXPECT_EQ(report.points, points_.size() - headers[1].count);
  EXPECT_EQ(report.damage_count, 0u);
  expect_nothing_wrong();
}

// Replaces `from` wherever it stands in the file, stale pages included.
std::string replaced(std::string bytes, const std::string& from, const std::string& to) {
  for (std::size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1))
    bytes.replace(at, to.size(), to);
  return bytes;
}

TEST_F(RecoverTest, TakesABlockByItsHeaderWhereItsKeyIsDamaged) {
  const BlockKey key = BlockKey::decode(std::next(blocks_of_whole().begin(), 2)->first).value();
  for (BlockKey other : {BlockKey{key.track + 64, key.first, key.serial},
                         BlockKey{key.track, key.first + 1, key.serial},
                         BlockKey{key.track, key.first, key.serial ^ kLateSerial}}) {
    const RecoverReport report = recover(replaced(whole_, key.encode(), other.encode())).value();
    EXPECT_FALSE(report.is_whole());
    EXPECT_THAT(report.lost, IsEmpty());
    EXPECT_EQ(difference(all_of(out_), points_), "");
  }
}

TEST_F(RecoverTest, FindsWhatATableHoldsWhoseNameIsDamaged) {
  for (const std::string name : {kBlocksTable, kTracksTable, kMetaTable}) {
    std::string other = name;
    other.back() = static_cast<char>(other.back() ^ 1);
    const RecoverReport report = recover(replaced(whole_, name, other)).value();
    EXPECT_THAT(report.damage, testing::Contains(HasSubstr(other)));
    EXPECT_THAT(report.lost, IsEmpty());
    EXPECT_THAT(report.unnamed_tracks, IsEmpty());
    EXPECT_EQ(difference(all_of(out_), points_), "");
  }
}

// A header whose last key has become smaller does not make the loss smaller.
TEST_F(RecoverTest, NamesAllThatABlockHeldWhoseHeaderIsDamaged) {
  constexpr std::size_t kLastOffset = 24;  // in the header (FORMAT.md)
  constexpr std::size_t kNumberOffset = 40;
  for (const auto& [key, value] : blocks_of_whole()) {
    const BlockHeader header = read_block_header(value).value();
    std::string damaged = value.substr(0, kBlockHeaderBytes);
    const std::int64_t last = header.first + (header.count > 1 ? 1 : 0);
    std::memcpy(damaged.data() + kLastOffset, &last, sizeof last);
    damaged[kNumberOffset + 3] ^= 1;  // so that those of one point are damaged, too
    const RecoverReport report =
        recover(replaced(whole_, value.substr(0, kBlockHeaderBytes), damaged)).value();
    ASSERT_THAT(report.lost, SizeIs(1)) << header.first;
    EXPECT_LE(report.lost[0].first, header.first);
    EXPECT_GE(report.lost[0].last, header.last);
    EXPECT_EQ(report.lost[0].points, header.count);
  }
}

// A page of the tree is gone: check says what lies behind it, recover finds that all the same.
TEST_F(RecoverTest, FindsTheBlocksOfALeafThatIsGone) {
  {
    BagWriter::Options options = small_blocks();
    BagWriter writer = BagWriter::open(path_, options).value();
    RowStore store;
    for (int i = 0; i < 150; ++i) {
      const Binary noise{std::string(5'000, static_cast<char>(i))};
      ASSERT_TRUE(writer.write(batch_of_one("noise", {store.make(i, {{"bytes", noise}})})));
    }
    ASSERT_TRUE(writer.close().has_value());
  }
  points_ = all_of(path_);
  std::string bytes = file_bytes(path_);
  const std::uint64_t root = read_meta_pages(path_)->main_root;
  const std::vector<std::uint64_t> leaves = leaves_of_blocks(bytes, root);
  ASSERT_GE(leaves.size(), 3u);
  bytes[leaves[1] * kPage + 10] = 0;
  write_file(path_, bytes);

  const CheckReport check = check_bag(path_).value();
  const auto noise = std::find_if(check.problems.begin(), check.problems.end(),
                                  [](const BagProblem& p) { return p.track == "noise"; });
  ASSERT_NE(noise, check.problems.end());
  EXPECT_GT(noise->points, 10u);
  EXPECT_EQ(noise->last.value() - noise->first.value() + 1, static_cast<int>(noise->points));

  const RecoverReport report = recover(bytes).value();
  EXPECT_THAT(report.lost, IsEmpty());
  EXPECT_GT(report.damage_count, 0u);
  EXPECT_EQ(difference(all_of(out_), points_), "");
}

TEST_F(RecoverTest, SavesWhatATruncatedFileHolds) {
  // Their records lie where the last commit has put them, at the end perhaps.
  const std::map<std::string, std::string> names{
      {"track-0001", "main"}, {"track-0002", "image"}, {"track-0003", "small"}};
  std::uint64_t most = 0;
  for (std::size_t bytes = whole_.size() - kPage; bytes > 0; bytes -= kPage) {
    const Result<RecoverReport> report = recover(whole_.substr(0, bytes));
    if (!report) {
      EXPECT_EQ(report.error().code, ErrorCode::kDamaged);
      continue;
    }
    EXPECT_FALSE(report->is_whole());
    most = std::max(most, report->points);
    expect_nothing_wrong(names);
  }
  EXPECT_GT(most, points_.size() / 2);
}

TEST_F(RecoverTest, NamesTracksByNumberWhereTheirRecordsAreLost) {
  std::string bytes = without_metas(whole_);
  for (std::size_t at = bytes.find("next_serial"); at != std::string::npos;
       at = bytes.find("next_serial", at))
    bytes[at] = 'x';
  const RecoverReport report = recover(bytes).value();
  EXPECT_THAT(report.unnamed_tracks, testing::Contains("track-0001"));
  EXPECT_EQ(report.points, points_.size());
}

// Puts a value into a table of the bag at `path`.
void put_value(const std::string& path, Table BagTables::*table, const std::string& key,
               const std::string& value) {
  const auto file = BagFile::open_to_write(path, 64u << 20).value();
  const auto txn = file->env().write().value();
  ASSERT_TRUE(txn->put(file->tables().*table, key, value).has_value());
  ASSERT_TRUE(txn->commit().has_value());
}

std::string sealed_attachment(const std::string& name, std::string bytes) {
  seal_record(kAttachmentsTable, name, bytes);
  return bytes;
}

std::map<std::string, std::string> attachments_of(const std::string& path) {
  const auto file = BagFile::open_to_read(path).value();
  const auto txn = file->read().value();
  TableCursor cursor = TableCursor::open(*txn, file->tables().attachments).value();
  std::map<std::string, std::string> found;
  for (auto item = cursor.first().value(); item; item = cursor.next().value())
    found.emplace(item->key, item->value);
  return found;
}

TEST_F(RecoverTest, FindsTheNameOfATrackWhoseRecordIsDamagedOnFreePages) {
  std::string value;
  {
    const auto file = BagFile::open_to_read(path_).value();
    value = std::string(**file->read().value()->get(file->tables().tracks, "main"));
  }
  value[value.size() / 2] ^= 16;
  put_value(path_, &BagTables::tracks, "main", value);
  const RecoverReport report = recover(file_bytes(path_)).value();
  EXPECT_THAT(report.damage, testing::ElementsAre("table tracks, main: wrong checksum"));
  EXPECT_THAT(report.unnamed_tracks, IsEmpty());
  EXPECT_EQ(difference(all_of(out_), points_), "");
  expect_nothing_wrong();
}

TEST_F(RecoverTest, SavesAttachmentsAndNamesTheDamagedOnes) {
  const std::string small = sealed_attachment("map.yaml", "resolution: 0.05");
  const std::string large = sealed_attachment("map.png", std::string(20'000, 'p'));
  std::string bad = sealed_attachment("notes.txt", "all went well");
  bad[3] ^= 1;
  put_value(path_, &BagTables::attachments, "map.yaml", small);
  put_value(path_, &BagTables::attachments, "map.png", large);
  put_value(path_, &BagTables::attachments, "notes.txt", bad);
  const std::map<std::string, std::string> expected{{"map.yaml", small}, {"map.png", large}};
  const std::string bytes = file_bytes(path_);
  const RecoverReport report = recover(bytes).value();
  EXPECT_THAT(report.damage, testing::ElementsAre("table attachments, notes.txt: wrong checksum"));
  EXPECT_FALSE(report.is_whole());
  EXPECT_EQ(attachments_of(out_), expected);
  // On stray pages too: their checksums say what they are.
  ASSERT_TRUE(recover(without_branches(without_metas(bytes))).has_value());
  EXPECT_EQ(attachments_of(out_), expected);
  expect_nothing_wrong();
}

TEST_F(RecoverTest, SaysInTheNewBagWhereItComesFrom) {
  ASSERT_TRUE(recover(without_metas(whole_)).has_value());
  const BagSummary summary = BagReader::open(out_)->summary().value();
  ASSERT_THAT(summary.runs, SizeIs(2));
  EXPECT_EQ(text_field(summary.runs.back().metadata, "recovered_from"), path_);
}

TEST_F(RecoverTest, OfWhatWasNeverABagIsAnError) {
  for (const std::string& bytes : {std::string(), std::string(10, 'x'), std::string(50'000, 'x')}) {
    EXPECT_EQ(recover(bytes).error().code, ErrorCode::kDamaged);
    EXPECT_FALSE(std::filesystem::exists(out_));
  }
  EXPECT_EQ(recover_bag(dir_.path("none"), out_).error().code, ErrorCode::kNotFound);
}

TEST_F(RecoverTest, NeverOverwritesAndLeavesTheDamagedBagAlone) {
  ASSERT_TRUE(recover(without_metas(whole_)).has_value());
  EXPECT_EQ(recover_bag(path_, out_).error().code, ErrorCode::kExists);
  EXPECT_EQ(file_bytes(path_), without_metas(whole_));
}

TEST_F(RecoverTest, RefusesABagThatIsBeingRecorded) {
  const BagWriter writer = BagWriter::open(path_, small_blocks()).value();
  const Error error = recover_bag(path_, out_).error();
  EXPECT_EQ(error.code, ErrorCode::kBusy);
  EXPECT_THAT(error.message, HasSubstr("zbag cut"));
}

TEST_F(RecoverTest, StopsWhenAskedTo) {
  EXPECT_EQ(recover_bag(path_, out_, [](double) { return false; }).error().code,
            ErrorCode::kClosed);
  EXPECT_FALSE(std::filesystem::exists(out_));
}

// Whatever bytes change, nothing crashes and nothing that was not there comes back. The seed is
// fixed; the sanitizer build proves the rest.
TEST_F(RecoverTest, SurvivesRandomDamage) {
  std::mt19937_64 random(1);
  constexpr int kRounds = 150;
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = round % 3 == 0 ? without_metas(whole_) : whole_;
    for (std::uint64_t i = random() % 60 + 1; i > 0; --i) {
      // Half of the hits go to headers, where numbers are that lead elsewhere.
      const std::size_t page = random() % (bytes.size() / kPage) * kPage;
      const std::size_t at = page + random() % (random() % 2 == 0 ? 64 : kPage);
      bytes[at] = static_cast<char>(random());
    }
    const Result<RecoverReport> report = recover(bytes);
    if (!report) continue;
    ASSERT_TRUE(BagReader::open(out_).has_value());
    const Result<CheckReport> check = check_bag(out_);
    ASSERT_TRUE(check.has_value());
    EXPECT_THAT(check->problems, IsEmpty()) << round;
    for (const Seen& point : all_of(out_)) {
      const bool is_known = std::any_of(points_.begin(), points_.end(), [&](const Seen& known) {
        return known.key == point.key && known.fields == point.fields;
      });
      ASSERT_TRUE(is_known) << round << " " << point.track << " " << point.key;
    }
  }
}

// Of such a block only its header says how long it is, and how long its summary.
TEST(RecoverSummariesTest, FindsTheirBlocksOnPagesThatNothingLeadsTo) {
  TempDir dir;
  const std::string path = dir.path("numbers.zbag");
  BagWriter::Options options = small_blocks();
  options.compression.kind = Compression::kLz4;
  RowStore store;
  std::mt19937_64 random(4);
  std::vector<RowPoint> rows;
  for (int i = 0; i < 2'000; ++i)
    rows.push_back(store.make(i, {{"x", static_cast<double>(random()) / 3.0}, {"n", i}}));
  {
    BagWriter writer = BagWriter::open(path, options).value();
    ASSERT_TRUE(writer.write(batch_of_one("numbers", rows)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  const std::string whole = file_bytes(path);
  write_file(path, without_trees(whole));

  const Result<RecoverReport> report = recover_bag(path, dir.path("out.zbag"));

  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_GT(report->points, 1'800u);  // the last block may have shared its page
}

}  // namespace
}  // namespace zbag
