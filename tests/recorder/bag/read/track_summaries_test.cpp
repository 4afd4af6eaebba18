#include "recorder/bag/read/track_summaries.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "recorder/bag/upkeep/check.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kMany = 10'000;

class TrackSummariesTest : public testing::Test {
 protected:
  // Twenty blocks and more of `t`, a few of its points late; `x` is a float64, now and then an int.
  void SetUp() override {
    BagWriter::Options options = small_blocks();
    options.compression = {Compression::kLz4};
    BagWriter writer = BagWriter::open(path_, options).value();
    std::mt19937_64 random(11);
    for (int batch = 0; batch < 60; ++batch) {
      RowStore store;
      std::vector<RowPoint> rows;
      for (int i = 0; i < 100; ++i) {
        Fields fields{{"x", static_cast<double>(random() % 5'000) / 100},
                      {"p", Fields{{"n", static_cast<std::int64_t>(random())}}},
                      {"text", "abc"}};
        if (i % 40 == 39) fields[0].second = static_cast<int>(random() % 100) - 50;
        rows.push_back(store.make((batch * 100 + i) * 1'000, fields));
      }
      if (batch % 20 == 19) {
        for (int i = 0; i < 9; ++i)
          rows.push_back(store.make((batch * 40 + i) * 1'000 + 500, {{"x", 25.0}}));
        std::rotate(rows.begin(), rows.end() - 9, rows.end());
      }
      ASSERT_TRUE(writer.write(batch_of_one("t", rows)).has_value());
    }
    ASSERT_TRUE(writer.close().has_value());
  }

  ColumnCursor::Selection selection(TimeRange range = TimeRange::all()) const {
    return {.track = "t", .range = range, .fields = {{"x"}, {"p", "n"}, {"text"}, {"nowhere"}}};
  }
  std::vector<SummarizedBlock> summaries(TimeRange range = TimeRange::all()) const {
    return read_summaries(BagReader::open(path_).value(), selection(range), kMany).value();
  }

  // Writes over the first bytes of `text` in the file, which are there once.
  void write_over(const std::string& text, std::size_t at) {
    std::string bytes = file_bytes(path_);
    const std::size_t place = bytes.find(text);
    ASSERT_NE(place, std::string::npos);
    bytes[place + at] = static_cast<char>(bytes[place + at] ^ 1);
    write_file(path_, bytes);
  }
  // The value of a block of the main run that has a summary, in the middle of the track.
  std::string a_block() const {
    const auto file = BagFile::open_to_read(path_).value();
    const auto txn = file->env().read().value();
    TableCursor cursor = TableCursor::open(*txn, file->tables().blocks).value();
    auto item = cursor.first().value();
    for (int number = 0; item; item = cursor.next().value(), ++number) {
      const BlockHeader header = read_block_header(item->value).value();
      if (number > 5 && header.summary_bytes > 0 && !header.is_late())
        return std::string(item->value);
    }
    return {};
  }

  TempDir dir_;
  const std::string path_ = dir_.path("t.zbag");
};

double as_double(const Number& number) {
  return std::visit([](auto value) { return static_cast<double>(value); }, number);
}

// What the points within the block say of a number of one type.
struct Sums {
  std::size_t count = 0;
  double min = 1e300;
  double max = -1e300;
};
Sums sums_of(const ColumnChunk& chunk, std::size_t field, ColumnType type) {
  Sums sums;
  for (const FieldPart& part : chunk.fields[field].parts) {
    if (part.type != type) continue;
    sums.count += part.count;
    const auto take = [&](double value) {
      sums.min = std::min(sums.min, value);
      sums.max = std::max(sums.max, value);
    };
    for (const double value : part.doubles) take(value);
    for (const std::int64_t value : part.ints) take(static_cast<double>(value));
  }
  return sums;
}

// Late points are in blocks of their own; few are not compressed, and are neither least nor
// greatest.
TEST_F(TrackSummariesTest, AddUpToWhatThePointsSay) {
  const BagReader reader = BagReader::open(path_).value();
  const ColumnChunk all = read_columns(reader, selection(), 100'000).value();
  ASSERT_THAT(all.keys, SizeIs(6'027));
  std::size_t points = 0;
  std::size_t late = 0;
  std::map<std::pair<std::size_t, ColumnType>, Sums> told;
  for (const SummarizedBlock& block : summaries()) {
    points += block.points.value();
    late += block.is_late ? *block.points : 0;
    ASSERT_TRUE(block.is_known || block.is_late) << block.first;
    if (!block.is_known) continue;
    for (const SummarizedBlock::Field& field : block.fields) {
      Sums& sums = told[{field.number, field.numbers.type}];
      sums.count += field.numbers.count;
      sums.min = std::min(sums.min, as_double(*field.numbers.min()));
      sums.max = std::max(sums.max, as_double(*field.numbers.max()));
    }
  }
  EXPECT_EQ(points, all.keys.size());
  EXPECT_GT(late, 0u);
  EXPECT_THAT(told, SizeIs(3));  // x of two types, and p.n
  for (const auto& [which, sums] : told) {
    const Sums expected = sums_of(all, which.first, which.second);
    EXPECT_EQ(sums.min, expected.min);
    EXPECT_EQ(sums.max, expected.max);
  }
}

TEST_F(TrackSummariesTest, SayOfEachBlockWhatItsPointsSay) {
  const BagReader reader = BagReader::open(path_).value();
  std::size_t compared = 0;
  for (const SummarizedBlock& block : summaries()) {
    if (!block.is_known || block.is_late) continue;
    const ColumnChunk chunk =
        read_columns(reader, selection({block.first, block.last}), 100'000).value();
    if (chunk.keys.size() != block.points) continue;  // late ones among them
    for (const SummarizedBlock::Field& field : block.fields) {
      const Sums expected = sums_of(chunk, field.number, field.numbers.type);
      EXPECT_EQ(field.numbers.count, expected.count);
      EXPECT_EQ(as_double(*field.numbers.min()), expected.min);
      EXPECT_EQ(as_double(*field.numbers.max()), expected.max);
      ++compared;
    }
  }
  EXPECT_GT(compared, 40u);
}

TEST_F(TrackSummariesTest, AreOfTheBlocksThatReachIntoTheRange) {
  const std::vector<SummarizedBlock> all = summaries();
  const TimeRange range{1'000'000, 2'000'000};
  const std::vector<SummarizedBlock> some = summaries(range);
  const auto expected = std::count_if(all.begin(), all.end(), [&](const SummarizedBlock& block) {
    return range.overlaps(block.first, block.last);
  });
  EXPECT_THAT(some, SizeIs(expected));
  EXPECT_LT(some.size(), all.size() / 2);
  EXPECT_TRUE(
      std::is_sorted(some.begin(), some.end(), [](auto& a, auto& b) { return a.first < b.first; }));
}

TEST_F(TrackSummariesTest, AreNoneOfAnUnknownTrackOrAnEmptyRange) {
  const BagReader reader = BagReader::open(path_).value();
  EXPECT_THAT(read_summaries(reader, {.track = "nobody"}, kMany).value(), IsEmpty());
  EXPECT_THAT(summaries({7'000'000, 9'000'000}), IsEmpty());
}

TEST_F(TrackSummariesTest, AreBounded) {
  const BagReader reader = BagReader::open(path_).value();
  EXPECT_EQ(read_summaries(reader, selection(), 3).error().code, ErrorCode::kUnsupported);
}

TEST_F(TrackSummariesTest, WithADamagedHeadLeaveTheirBlockUnknown) {
  const std::size_t blocks = summaries().size();
  const std::string value = a_block();
  const BlockHeader header = read_block_header(value).value();
  write_over(value.substr(0, kBlockHeaderBytes), kBlockHeaderBytes - 1);
  const std::vector<SummarizedBlock> left = summaries();
  ASSERT_THAT(left, SizeIs(blocks));
  std::size_t unknown = 0;
  for (const SummarizedBlock& block : left) {
    if (block.points) continue;
    ++unknown;
    EXPECT_FALSE(block.is_known);
    EXPECT_EQ(block.first, header.first);
    EXPECT_GE(block.last, header.last);
    EXPECT_LT(block.last, header.last + 10'000);  // where the next main block begins
  }
  EXPECT_EQ(unknown, 1u);
  // Its points are there all the same, and check() names it.
  EXPECT_THAT(read_all(BagReader::open(path_).value(), {.track = "t"}), SizeIs(6'027));
  EXPECT_THAT(check_bag(path_)->problems, SizeIs(1));
}

// What is damaged behind the head is no business of those who read the head alone.
TEST_F(TrackSummariesTest, OfADamagedBodyAreBelieved) {
  const std::string value = a_block();
  const std::size_t body = kBlockHeaderBytes + read_block_header(value)->summary_bytes;
  write_over(value.substr(0, body + 50), body + 40);
  const std::vector<SummarizedBlock> left = summaries();
  const std::int64_t first = read_block_header(value)->first;
  const auto block = std::find_if(left.begin(), left.end(),
                                  [&](const SummarizedBlock& b) { return b.first == first; });
  ASSERT_NE(block, left.end());
  EXPECT_TRUE(block->is_known);
}

}  // namespace
}  // namespace zbag
