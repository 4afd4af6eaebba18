#include "recorder/bag/upkeep/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/compact.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// LMDB's page header and kinds (mdb.c of 0.9.24).
constexpr std::size_t kPage = 4096;
constexpr std::uint16_t kBranch = 1;
constexpr std::uint16_t kLeaf = 2;

class BagCheckTest : public testing::Test {
 protected:
  void SetUp() override {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    RowStore store;
    for (int i = 0; i < 30; ++i) {
      ASSERT_TRUE(writer.write(small_batch(store, "track" + std::to_string(i % 3), i * 7 % 30))
                      .has_value());
    }
    ASSERT_TRUE(writer
                    .write(batch_of_one(
                        "image", {store.make(1, {{"jpeg", Binary{std::string(30'000, 'j')}}})}))
                    .has_value());
    Batch many;  // enough records for a tree of two levels
    for (int i = 0; i < 40; ++i)
      many.tracks.push_back(batch_of("many/" + std::to_string(i), {store.make(i, {{"n", i}})}));
    ASSERT_TRUE(writer.write(many).has_value());
    ASSERT_TRUE(writer.close().has_value());
    whole_ = file_bytes(path_);
  }

  // Checks a copy with changed bytes. When it is said to be whole it is read, too: no crash is the
  // proof. Returns whether it was found whole.
  bool survives(const std::string& bytes) {
    const std::string copy = dir_.path("copy.zbag");
    std::filesystem::remove(copy);  // some disks sync what is written over
    write_file(copy, bytes);
    const Result<CheckReport> report = check_bag(copy);
    if (!report || !report->problems.empty()) return false;
    const Result<BagReader> reader = BagReader::open(copy);
    if (!reader || !reader->summary()) return true;
    for (const bool reverse : {false, true}) {
      Result<BagCursor> cursor = reader->cursor({.all_tracks = true, .reverse = reverse});
      if (!cursor) return true;
      for (auto view = cursor->next(); view && *view; view = cursor->next())
        points_ += (*view)->map.size();
    }
    return true;
  }

  // Changes every page of the given kind, one after another, and counts what passes; notes in
  // `refused` where the others lie.
  std::size_t passes_with(std::uint16_t kind, const std::function<void(char*)>& change,
                          std::vector<std::size_t>* refused = nullptr) {
    std::size_t passed = 0;
    for (std::size_t at = 2 * kPage; at + kPage <= whole_.size(); at += kPage) {
      std::uint64_t number = 0;
      std::uint16_t flags = 0;
      std::memcpy(&number, whole_.data() + at, sizeof number);
      std::memcpy(&flags, whole_.data() + at + 10, sizeof flags);
      const bool is_page = number == at / kPage;  // not the inside of a large value
      if (!is_page || (flags & 7) != kind) continue;
      std::string broken = whole_;
      change(broken.data() + at);
      const bool survived = survives(broken);
      if (survived && broken != whole_) ++passed;
      if (!survived && refused != nullptr) refused->push_back(at);
    }
    return passed;
  }

  std::size_t unused(std::uint16_t kind) {
    return passes_with(kind, [](char* page) { page[0] = static_cast<char>(~page[0]); });
  }

  // The main blocks whose keys stand in the leaf at `at`; none when it is of another table.
  std::vector<BlockKey> block_keys(std::size_t at) const {
    std::uint16_t lower = 0;
    std::memcpy(&lower, whole_.data() + at + 12, sizeof lower);
    std::vector<BlockKey> keys;
    for (std::size_t i = 16; i < lower; i += 2) {
      std::uint16_t node = 0;
      std::uint16_t bytes = 0;
      std::memcpy(&node, whole_.data() + at + i, sizeof node);
      std::memcpy(&bytes, whole_.data() + at + node + 6, sizeof bytes);
      const auto key = BlockKey::decode(std::string_view(whole_).substr(at + node + 8, bytes));
      if (key && !key->is_late()) keys.push_back(*key);
    }
    return keys;
  }

  // Where the pages of a kind lie that a wrong number is noticed in.
  std::vector<std::size_t> pages_in_use(std::uint16_t kind) {
    std::vector<std::size_t> pages;
    passes_with(
        kind, [&](char* page) { page[0] = static_cast<char>(~page[0]); }, &pages);
    return pages;
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  std::string whole_;
  std::size_t points_ = 0;
};

TEST_F(BagCheckTest, CountsWhatAWholeBagHolds) {
  double share = 0.0;
  const CheckReport report = check_bag(path_, [&](double done) {
                               share = done;
                               return true;
                             }).value();
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.points, 71u);
  EXPECT_EQ(report.tracks, 44u);
  EXPECT_GT(report.pages, 5u);
  EXPECT_FALSE(report.unclosed);
  EXPECT_LE(share, 1.0);
}

TEST_F(BagCheckTest, LooksAtTheBlocksOfChosenTracksAlone) {
  const CheckReport records = check_records(path_).value();
  const CheckReport report = check_tracks(path_, records, {.track = "track1"}, {}).value();
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.pages, records.pages);
  EXPECT_EQ(report.points, 10u);
  EXPECT_EQ(report.tracks, 1u);
  EXPECT_EQ(report.tracks_left_out, 43u);
}

TEST_F(BagCheckTest, ChangesNothing) {
  ASSERT_TRUE(check_bag(path_).has_value());
  EXPECT_EQ(file_bytes(path_), whole_);
}

TEST_F(BagCheckTest, SaysThatARunHasNoEnd) {
  { BagWriter writer = BagWriter::open(path_, small_blocks()).value(); }
  EXPECT_TRUE(check_bag(path_)->unclosed);
}

// Pages that are free again are written over while check walks them, unless it says that it reads.
// Of so many batches: a check costs more the longer the writer goes on.
TEST_F(BagCheckTest, FindsNothingInABagThatIsBeingWritten) {
  std::atomic<bool> is_written = false;
  BagWriter writer = BagWriter::open(path_, small_blocks()).value();
  std::thread writing([&] {
    RowStore store;
    for (int i = 100; i < 1'600; ++i) {
      Batch batch;
      for (int k = 0; k < 40; ++k)
        batch.tracks.push_back(batch_of("many/" + std::to_string(k), {store.make(i, {{"n", i}})}));
      EXPECT_TRUE(writer.write(batch).has_value());
    }
    is_written = true;
  });
  std::string found;
  int checks = 0;
  for (; !is_written && found.empty(); ++checks) {
    const Result<CheckReport> report = check_bag(path_);
    if (!report) found = report.error().message;
    if (report && !report->problems.empty()) found = report->problems.front().what;
  }
  writing.join();
  EXPECT_EQ(found, "");
  EXPECT_GT(checks, 1);
}

TEST_F(BagCheckTest, FindsCountsThatDoNotFitTheBlocks) {
  {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    TrackRecord record =
        TrackRecord::decode("track1", **txn->get(file->tables().tracks, "track1")).value();
    record.main_points += 5;
    ASSERT_TRUE(txn->put(file->tables().tracks, "track1", record.encode()).has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  EXPECT_FALSE(check_bag(path_)->problems.empty());
}

// The same in a bag that a kill left behind: nobody writes to it, so its counts are at rest.
TEST_F(BagCheckTest, FindsCountsThatDoNotFitAfterAKill) {
  { BagWriter writer = BagWriter::open(path_, small_blocks()).value(); }
  {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    TrackRecord record =
        TrackRecord::decode("track1", **txn->get(file->tables().tracks, "track1")).value();
    record.main_points += 5;
    ASSERT_TRUE(txn->put(file->tables().tracks, "track1", record.encode()).has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  EXPECT_FALSE(check_bag(path_)->problems.empty());
}

TEST_F(BagCheckTest, FindsAFateThatDoesNotAddUp) {
  {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    RowStore store;
    Batch batch = small_batch(store, "track1", 99);
    batch.tracks[0].fate.received = 2;
    ASSERT_TRUE(writer.write(batch).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  const CheckReport report = check_bag(path_).value();
  ASSERT_FALSE(report.problems.empty());
  EXPECT_THAT(report.problems[0].what, HasSubstr("fate"));
}

// It adds up by itself, and speaks of a point that nobody has.
TEST_F(BagCheckTest, FindsAFateOfOtherPointsThanAreStored) {
  {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    TrackRecord record =
        TrackRecord::decode("track1", **txn->get(file->tables().tracks, "track1")).value();
    ++record.fate.points;
    ++record.fate.received;
    ASSERT_TRUE(txn->put(file->tables().tracks, "track1", record.encode()).has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_EQ(report.problems[0].track, "track1");
  EXPECT_THAT(report.problems[0].what, HasSubstr("the fate of its frames counts"));
  // Who writes the bag anew says the same.
  EXPECT_THAT(compact_bag(path_, {}).error().message,
              HasSubstr("track track1: " + report.problems[0].what));
}

TEST_F(BagCheckTest, CountsPagesInUse) {
  const std::uint64_t pages = check_bag(path_)->pages;
  EXPECT_GT(pages, 2u);
  EXPECT_LE(pages, whole_.size() / kPage);
}

TEST_F(BagCheckTest, SurvivesAFlippedBitInEvery64thByte) {
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole_.size(); at += 64) {
    std::string broken = whole_;
    broken[at] = static_cast<char>(broken[at] ^ (1 << at / 64 % 8));
    refused += survives(broken) ? 0 : 1;
  }
  EXPECT_GT(refused, 0u);
}

// The places where a tree can go wrong: all of the page headers and the first nodes.
TEST_F(BagCheckTest, SurvivesFlippedBytesInPageHeaders) {
  std::size_t refused = 0;
  for (std::size_t page = 0; page < whole_.size(); page += kPage) {
    for (std::size_t at = page; at < page + 32; ++at) {
      std::string broken = whole_;
      broken[at] = static_cast<char>(~broken[at]);
      refused += survives(broken) ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 0u);
}

TEST_F(BagCheckTest, SurvivesRandomBytesInMetaPages) {
  std::size_t refused = 0;
  for (std::size_t at = 16; at < 152; ++at) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string broken = whole_;
      broken[at] = static_cast<char>(broken[at] ^ mask);
      broken[kPage + at] = static_cast<char>(broken[kPage + at] ^ mask);
      refused += survives(broken) ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 0u);
}

// The walk must not believe a last page that no file could have.
TEST_F(BagCheckTest, RefusesALastPageWhoseOffsetOverflows) {
  std::string broken = whole_;
  const std::uint64_t root = 1ull << 40;
  for (const std::size_t page : {std::size_t{0}, kPage}) {
    broken[page + 143] = 1;  // the top byte of the last page's number
    std::memcpy(broken.data() + page + 128, &root, sizeof root);
  }
  EXPECT_FALSE(survives(broken));
}

// What a changed page must come to: refused where it is in use. Pages of older states pass whatever
// is in them; a wrong page number tells those apart.
TEST_F(BagCheckTest, RefusesALeafWithoutNodes) {
  // mdb_cursor_first() reads the first node without asking whether there is one.
  const std::size_t passed = passes_with(kLeaf, [](char* page) {
    const std::uint16_t lower = 16;
    // One of an older state may have lost its nodes before it was let go of.
    if (std::memcmp(page + 12, &lower, sizeof lower) == 0) page[0] = static_cast<char>(~page[0]);
    std::memcpy(page + 12, &lower, sizeof lower);
  });
  EXPECT_EQ(passed, unused(kLeaf));
}

TEST_F(BagCheckTest, RefusesABranchOfOneNode) {
  // mdb_page_search_root() asserts that a branch has two nodes.
  const std::size_t passed = passes_with(kBranch, [](char* page) {
    const std::uint16_t lower = 18;
    std::memcpy(page + 12, &lower, sizeof lower);
  });
  EXPECT_EQ(passed, unused(kBranch));
}

TEST_F(BagCheckTest, RefusesNodesOfSortedDuplicates) {
  // They send LMDB into a cursor that a plain table does not have.
  const std::size_t passed = passes_with(kLeaf, [](char* page) {
    std::uint16_t node = 0;
    std::memcpy(&node, page + 16, sizeof node);
    page[node + 4] = static_cast<char>(page[node + 4] | 4);
  });
  EXPECT_EQ(passed, unused(kLeaf));
}

TEST_F(BagCheckTest, RefusesLeavesOfFixedSizeKeys) {
  // Their nodes lie in another way.
  const std::size_t passed =
      passes_with(kLeaf, [](char* page) { page[10] = static_cast<char>(page[10] | 0x20); });
  EXPECT_EQ(passed, unused(kLeaf));
}

// A page of blocks that is not sound costs just its own, and check names them all.
TEST_F(BagCheckTest, NamesTracksAndTimesThatAPageCosts) {
  {
    BagWriter::Options options = small_blocks();
    options.compression = {Compression::kNone};
    RowStore store;
    for (int i = 0; i < 60; ++i) {
      BagWriter writer = BagWriter::open(path_, options).value();  // a block a run
      const Fields fields{{"text", std::string(700, 't')}};
      const std::string track = "long/" + std::to_string(i % 3);
      ASSERT_TRUE(writer.write(batch_of_one(track, {store.make(i * 10, fields)})).has_value());
      ASSERT_TRUE(writer.close());
    }
  }
  whole_ = file_bytes(path_);
  std::map<std::uint32_t, std::string> names;
  const BagSummary summary = BagReader::open(path_)->summary().value();
  for (const TrackRecord& track : summary.tracks) names[track.id] = track.name;
  std::map<std::size_t, std::vector<BlockKey>> pages;  // of the blocks' leaves
  for (const std::size_t at : pages_in_use(kLeaf)) {
    for (const BlockKey& key : block_keys(at)) pages[at].push_back(key);
  }
  ASSERT_GT(pages.size(), 8u);
  const std::string copy = dir_.path("copy.zbag");
  for (const auto& [broken_at, broken_keys] : pages) {
    std::string broken = whole_;
    broken[broken_at + 12] = 1;  // its lower bound
    write_file(copy, broken);
    const CheckReport report = check_bag(copy).value();
    ASSERT_FALSE(report.problems.empty());
    for (const auto& [at, keys] : pages) {
      for (const BlockKey& key : keys) {
        const bool is_named = std::any_of(
            report.problems.begin(), report.problems.end(), [&](const BagProblem& problem) {
              return problem.track == names.at(key.track) && problem.first &&
                     key.first >= *problem.first && key.first <= *problem.last;
            });
        EXPECT_EQ(is_named, at == broken_at) << names.at(key.track) << " at " << key.first;
      }
    }
  }
}

// LMDB's cursors assert that a branch's neighbour is one, and a leaf's a leaf.
TEST_F(BagCheckTest, RefusesABranchWhereItsNeighboursAreLeaves) {
  std::size_t made = 0;
  std::size_t passed = 0;
  for (const std::size_t at : pages_in_use(kBranch)) {
    // Its first leaf becomes a branch over its second one, and over that again.
    std::string broken = whole_;
    const auto node_of = [&](std::size_t i) {
      std::uint16_t node = 0;
      std::memcpy(&node, whole_.data() + at + 16 + 2 * i, sizeof node);
      return at + node;
    };
    std::uint32_t first = 0;
    std::memcpy(&first, whole_.data() + node_of(0), sizeof first);
    broken.replace(first * kPage, kPage, whole_, at, kPage);
    std::memcpy(broken.data() + first * kPage, &first, sizeof first);
    broken.replace(first * kPage + node_of(0) - at, 6, whole_, node_of(1), 6);
    passed += survives(broken) ? 1 : 0;
    ++made;
  }
  EXPECT_GT(made, 0u);
  EXPECT_EQ(passed, 0u);
}

// Searches go astray where keys do not ascend: points would be there and not be found.
TEST_F(BagCheckTest, RefusesKeysOutOfOrder) {
  std::size_t made = 0;
  std::size_t passed = 0;
  for (const std::size_t at : pages_in_use(kLeaf)) {
    std::string broken = whole_;
    const auto nodes = broken.begin() + static_cast<std::ptrdiff_t>(at) + 16;
    std::uint16_t lower = 0;
    std::memcpy(&lower, whole_.data() + at + 12, sizeof lower);
    if (lower < 20) continue;  // one node
    std::swap_ranges(nodes, nodes + 2, nodes + 2);
    passed += survives(broken) ? 1 : 0;
    ++made;
  }
  EXPECT_GT(made, 0u);
  EXPECT_EQ(passed, 0u);
}

TEST_F(BagCheckTest, RefusesATableWhoseKeysAreNumbers) {
  // Every state of the main table has a node of the key "meta", and a record of 48 bytes behind it.
  const std::string key("\4\0meta", 6);
  std::string broken = whole_;
  for (std::size_t at = broken.find(key); at != std::string::npos; at = broken.find(key, at + 1))
    broken[at + key.size() + 4] = 0x08;  // MDB_INTEGERKEY
  ASSERT_NE(broken, whole_);
  EXPECT_FALSE(survives(broken));
}

}  // namespace
}  // namespace zbag
