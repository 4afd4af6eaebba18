#include "recorder/bag/read/column_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/recorder/bag/rows.hpp"
#include "tests/support/random_fields.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A bag of one track `t` whose points are written in the order given, a batch each `batch` points.
std::string write_points(const TempDir& dir,
                         const std::vector<std::pair<std::int64_t, Fields>>& points,
                         std::size_t batch, CompressionSpec compression = {}) {
  BagWriter::Options options = small_blocks();
  options.compression = compression;
  const std::string path = dir.path("columns.zbag");
  BagWriter writer = BagWriter::open(path, options).value();
  for (std::size_t i = 0; i < points.size(); i += batch) {
    RowStore store;
    std::vector<RowPoint> rows;
    for (std::size_t k = i; k < std::min(points.size(), i + batch); ++k)
      rows.push_back(store.make(points[k].first, points[k].second));
    std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.key < b.key; });
    ZBAG_CHECK(writer.write(batch_of_one("t", rows)).has_value());
  }
  ZBAG_CHECK(writer.close().has_value());
  return path;
}

ColumnChunk read(const std::string& path, const std::vector<FieldNames>& fields,
                 TimeRange range = TimeRange::all()) {
  const BagReader reader = BagReader::open(path).value();
  return read_columns(reader, {.track = "t", .range = range, .fields = fields}, 1'000'000).value();
}

// What a walk over the points says the field's values are; nullopt: absent.
std::vector<std::optional<Value>> walked(const std::string& path, const FieldNames& names) {
  std::vector<std::optional<Value>> values;
  for (const Seen& seen : read_all(BagReader::open(path).value(), {.track = "t"})) {
    const Fields* map = &seen.fields;
    const Value* value = nullptr;
    for (const std::string& name : names) {
      value = map == nullptr ? nullptr : find_field(*map, name);
      map = value == nullptr ? nullptr : value->get_if<Fields>();
    }
    const bool is_leaf = value != nullptr && map == nullptr;
    values.push_back(is_leaf ? std::optional(*value) : std::nullopt);
  }
  return values;
}

Value number_at(const FieldPart& part, std::size_t at) {
  if (part.type == ColumnType::kFloat64 || part.type == ColumnType::kFloat64s)
    return part.doubles[at];
  if (part.type == ColumnType::kFloat32 || part.type == ColumnType::kFloat32s)
    return part.floats[at];
  const auto& above = part.unsigned_at;
  if (std::binary_search(above.begin(), above.end(), at))
    return static_cast<std::uint64_t>(part.ints[at]);
  return part.ints[at];
}

// The value number `at` of a part.
Value value_at(const FieldPart& part, std::size_t at) {
  if (part.type == ColumnType::kNil) return {};
  if (part.type == ColumnType::kBool) return part.bools[at] != 0;
  if (!is_list(part.type) && !is_bytes(part.type)) return number_at(part, at);
  const std::size_t begin = at == 0 ? 0 : part.ends[at - 1];
  if (is_list(part.type)) {
    Array list;
    for (std::size_t i = begin; i < part.ends[at]; ++i) list.push_back(number_at(part, i));
    return list;
  }
  const auto bytes = std::span(part.bytes).subspan(begin, part.ends[at] - begin);
  if (part.type == ColumnType::kText) return text_of(bytes);
  if (part.type == ColumnType::kBinary) return Binary{std::string(text_of(bytes))};
  const std::string map = "\x81\xa1v" + std::string(text_of(bytes));
  return decode_fields(bytes_of(map)).value()[0].second;
}

std::vector<std::optional<Value>> values_of(const FieldColumn& column) {
  std::vector<std::size_t> next(column.parts.size());
  std::vector<std::optional<Value>> values;
  for (const std::uint8_t code : column.validity) {
    values.emplace_back();
    if (code > 0) values.back() = value_at(column.parts[code - 1u], next[code - 1u]++);
  }
  return values;
}

std::vector<std::pair<std::int64_t, Fields>> poses(int count) {
  std::vector<std::pair<std::int64_t, Fields>> points;
  for (int i = 0; i < count; ++i) {
    points.push_back({i * 1'000,
                      {{"pose", Fields{{"position", Fields{{"x", i * 0.5}}}}},
                       {"n", i},
                       {"ranges", std::vector<double>(static_cast<std::size_t>(i % 3), 1.5)}}});
  }
  return points;
}

TEST(SplitFieldTest, SplitsAtDots) {
  EXPECT_THAT(split_field("pose.position.x"), ElementsAre("pose", "position", "x"));
  EXPECT_THAT(split_field("x"), ElementsAre("x"));
}

class ColumnReaderTest : public testing::TestWithParam<Compression> {};

TEST_P(ColumnReaderTest, GivesContiguousNumbersOfANestedField) {
  TempDir dir;
  const std::string path = write_points(dir, poses(2'000), 500, {GetParam(), 3});
  const ColumnChunk chunk = read(path, {split_field("pose.position.x")});
  ASSERT_THAT(chunk.keys, SizeIs(2'000));
  EXPECT_EQ(chunk.keys[1'999], 1'999'000);
  ASSERT_TRUE(chunk.fields[0].is_everywhere());
  EXPECT_EQ(chunk.fields[0].parts[0].type, ColumnType::kFloat64);
  EXPECT_EQ(chunk.fields[0].parts[0].doubles[1'999], 999.5);
}

TEST_P(ColumnReaderTest, GivesListsWithTheirEnds) {
  TempDir dir;
  const std::string path = write_points(dir, poses(300), 300, {GetParam(), 3});
  const FieldColumn column = read(path, {{"ranges"}}).fields[0];
  EXPECT_EQ(values_of(column), walked(path, {"ranges"}));
}

TEST_P(ColumnReaderTest, GivesOnlyTheRangeAskedFor) {
  TempDir dir;
  const std::string path = write_points(dir, poses(2'000), 100, {GetParam(), 3});
  const ColumnChunk chunk = read(path, {{"n"}}, {.first = 500'001, .last = 502'000});
  EXPECT_THAT(chunk.keys, ElementsAre(501'000, 502'000));
  EXPECT_THAT(chunk.fields[0].parts[0].ints, ElementsAre(501, 502));
}

TEST_P(ColumnReaderTest, PutsLatePointsWhereTheirKeysBelong) {
  TempDir dir;
  auto points = poses(1'000);
  std::rotate(points.begin() + 300, points.begin() + 420, points.end());
  const std::string path = write_points(dir, points, 50, {GetParam(), 3});
  const ColumnChunk chunk = read(path, {{"n"}});
  ASSERT_THAT(chunk.keys, SizeIs(1'000));
  EXPECT_TRUE(std::is_sorted(chunk.keys.begin(), chunk.keys.end()));
  EXPECT_EQ(values_of(chunk.fields[0]), walked(path, {"n"}));
}

// Whatever the maps are, the columns say what a walk over the points says.
TEST_P(ColumnReaderTest, AgreesWithAWalkOverRandomPoints) {
  RandomFields random(31);
  for (int round = 0; round < 12; ++round) {
    TempDir dir;
    std::vector<Fields> kinds;
    for (std::uint64_t i = 1 + random.below(20); i > 0; --i) kinds.push_back(random.fields(6));
    std::vector<std::pair<std::int64_t, Fields>> points;
    for (int i = 0; i < 400; ++i) {
      const std::int64_t key = i * 1'000 * (random.below(10) == 0 ? -1 : 1);  // some come late
      points.push_back({key, kinds[random.below(kinds.size())]});
    }
    const std::string path = write_points(dir, points, 1 + random.below(150), {GetParam(), 3});
    for (const char* const name : {"f0", "f1", "f2", "f3.f1", "f4", "f5.f2", "f6", "f7.f3.f1"}) {
      const FieldNames names = split_field(name);
      const ColumnChunk chunk = read(path, {{"f1"}, names});
      ASSERT_EQ(values_of(chunk.fields[1]), walked(path, names)) << name << ", round " << round;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ColumnReaderTest,
                         testing::Values(Compression::kNone, Compression::kLz4,
                                         Compression::kZstd));

TEST(ColumnCursorTest, GivesABlockAtATime) {
  TempDir dir;
  const std::string path = write_points(dir, poses(3'000), 3'000);
  const BagReader reader = BagReader::open(path).value();
  ColumnCursor cursor = ColumnCursor::open(reader, {.track = "t", .fields = {{"n"}}}).value();
  ColumnChunk chunk;
  std::size_t chunks = 0;
  std::vector<std::int64_t> all;
  while (cursor.next(chunk).value()) {
    ++chunks;
    EXPECT_FALSE(chunk.keys.empty());
    all.insert(all.end(), chunk.fields[0].parts[0].ints.begin(),
               chunk.fields[0].parts[0].ints.end());
  }
  EXPECT_GT(chunks, 5u);
  ASSERT_THAT(all, SizeIs(3'000));
  EXPECT_EQ(all[2'999], 2'999);
  EXPECT_FALSE(cursor.next(chunk).value());
}

TEST(ColumnCursorTest, MeetsEveryPointOnceThoughItLetsGoOfTheTransaction) {
  TempDir dir;
  auto points = poses(2'000);
  std::rotate(points.begin() + 300, points.begin() + 720, points.end());
  const std::string path = write_points(dir, points, 70);
  const BagReader reader = BagReader::open(path).value();
  ColumnCursor cursor = ColumnCursor::open(reader, {.track = "t", .fields = {{"n"}}}).value();
  ColumnChunk chunk;
  while (cursor.append_next(chunk).value()) cursor.release();
  EXPECT_EQ(chunk.keys, keys_of(path));
}

TEST(ColumnCursorTest, SaysThatAFieldIsAbsent) {
  TempDir dir;
  const std::string path = write_points(dir, poses(10), 10);
  const ColumnChunk chunk = read(path, {{"nothing"}, {"pose"}, {"n", "deeper"}});
  EXPECT_THAT(chunk.fields[0].parts, IsEmpty());
  EXPECT_THAT(chunk.fields[0].validity, testing::Each(0));
  EXPECT_THAT(chunk.fields[1].parts, IsEmpty());
  EXPECT_THAT(chunk.fields[2].parts, IsEmpty());
}

TEST(ColumnCursorTest, HasNoPointsOfAnUnknownTrack) {
  TempDir dir;
  const std::string path = write_points(dir, poses(10), 10);
  const BagReader reader = BagReader::open(path).value();
  EXPECT_THAT(read_columns(reader, {.track = "other", .fields = {{"n"}}}, 100)->keys, IsEmpty());
}

TEST(ColumnCursorTest, RefusesToHoldMoreThanItMay) {
  TempDir dir;
  const std::string path = write_points(dir, poses(100), 100);
  const BagReader reader = BagReader::open(path).value();
  EXPECT_EQ(read_columns(reader, {.track = "t", .fields = {{"n"}}}, 99).error().code,
            ErrorCode::kUnsupported);
  EXPECT_THAT(read_columns(reader, {.track = "t", .fields = {{"n"}}}, 100)->keys, SizeIs(100));
}

TEST(ColumnCursorTest, GoesOnBehindDamage) {
  TempDir dir;
  const std::string path = write_points(dir, poses(3'000), 3'000);
  // The first block is its own value; LMDB's page around it is left alone.
  std::string block;
  {
    const std::shared_ptr<BagFile> file = BagFile::open_to_read(path).value();
    const auto txn = file->read().value();
    block = TableCursor::open(*txn, file->tables().blocks)->first().value()->value;
  }
  std::string bytes = file_bytes(path);
  const std::size_t at = bytes.find(block) + 100;
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  write_file(path, bytes);
  const BagReader reader = BagReader::open(path).value();
  ColumnCursor cursor = ColumnCursor::open(reader, {.track = "t", .fields = {{"n"}}}).value();
  ColumnChunk chunk;
  std::size_t points = 0;
  std::size_t lost = 0;
  for (bool more = true; more;) {
    const Result<bool> next = cursor.next(chunk);
    if (!next) lost += cursor.skip_damage().value().points;
    points += chunk.keys.size();
    more = !next || *next;
  }
  EXPECT_GT(lost, 0u);
  EXPECT_EQ(points + lost, 3'000u);
}

}  // namespace
}  // namespace zbag
