#include "player/query/parquet_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "player/query/sql_text.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using From = TableColumn::From;

FieldColumn doubles_of(std::vector<double> values) {
  FieldColumn column;
  column.validity.assign(values.size(), 1);
  FieldPart& part = column.parts.emplace_back();
  part.type = ColumnType::kFloat64;
  part.count = values.size();
  part.doubles = std::move(values);
  return column;
}
FieldColumn texts_of(const std::vector<std::string>& values) {
  FieldColumn column;
  column.validity.assign(values.size(), 1);
  FieldPart& part = column.parts.emplace_back();
  part.type = ColumnType::kText;
  part.count = values.size();
  for (const std::string& value : values) {
    part.bytes.insert(part.bytes.end(), value.begin(), value.end());
    part.ends.push_back(part.bytes.size());
  }
  return column;
}

// `count` rows from `first` on: a stamp, x = number / 2, and its name.
ColumnChunk rows(int first, int count) {
  ColumnChunk chunk;
  std::vector<double> x;
  std::vector<std::string> names;
  for (int i = first; i < first + count; ++i) {
    chunk.keys.push_back(i * 1'000'000'000LL);
    chunk.seconds.push_back(i);
    x.push_back(i * 0.5);
    names.push_back(i % 2 == 0 ? "even" : "odd");
  }
  chunk.fields = {doubles_of(std::move(x)), texts_of(names)};
  return chunk;
}

const std::vector<TableColumn> kColumns = {{"timestamp", {}, From::kSeconds},
                                           {"x", ColumnKind::kDouble, From::kField},
                                           {"name", ColumnKind::kText, From::kField}};

class ParquetWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto version = Database::library_version(); !version)
      GTEST_SKIP() << version.error().message;
  }

  // The rows of a query on files, their cells with blanks between them.
  static std::vector<std::string> ask(const std::string& sql) {
    Database database = Database::open({.allows_files = true}).value();
    Statement asked = database.prepare(sql).value();
    std::vector<std::string> found;
    ZBAG_CHECK(database.prepare(shown_query(sql, asked.columns(), ShownAs::kCsv))
                   .value()
                   .run([&](std::span<const ResultCell> cells) {
                     std::string& row = found.emplace_back();
                     for (const ResultCell& cell : cells)
                       row += " " + std::string(cell.value_or("-"));
                     return Status();
                   })
                   .has_value());
    return found;
  }

  TempDir dir_;
};

TEST_F(ParquetWriterTest, WritesWhatItIsGivenInOrder) {
  const std::string path = dir_.path("out.parquet");
  for (const char* const codec : {"uncompressed", "snappy", "gzip", "lz4", "zstd"}) {
    ParquetWriter writer = ParquetWriter::open(path, kColumns, {.codec = codec}).value();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(writer.append(rows(i * 3'000, 3'000)).has_value());
    ASSERT_TRUE(writer.finish().has_value());
    EXPECT_THAT(ask("SELECT count(*), sum(x) FROM " + sql_text(path)),
                ElementsAre(" 30000 224992500.0"))
        << codec;
    EXPECT_THAT(ask("SELECT timestamp, x, name FROM " + sql_text(path) + " LIMIT 2"),
                ElementsAre(" 0.0 0.0 even", " 1.0 0.5 odd"));
  }
}

TEST_F(ParquetWriterTest, MakesRowGroupsOfTheSizeAskedFor) {
  const std::string path = dir_.path("out.parquet");
  ParquetWriter writer = ParquetWriter::open(path, kColumns, {.rows_of_group = 4'096}).value();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(writer.append(rows(i * 2'048, 2'048)).has_value());
  ASSERT_TRUE(writer.finish().has_value());
  EXPECT_THAT(
      ask("SELECT DISTINCT num_row_groups FROM parquet_file_metadata(" + sql_text(path) + ")"),
      ElementsAre(" 5"));
}

TEST_F(ParquetWriterTest, MakesAFolderForEachValueOfAPartition) {
  const std::string path = dir_.path("out");
  ParquetWriter writer = ParquetWriter::open(path, kColumns, {.partition_by = {"name"}}).value();
  ASSERT_TRUE(writer.append(rows(0, 10)).has_value());
  ASSERT_TRUE(writer.finish().has_value());
  EXPECT_THAT(ask("SELECT count(*) FROM " + sql_text(path + "/name=odd/*.parquet")),
              ElementsAre(" 5"));
}

TEST_F(ParquetWriterTest, ANameIsNeverSql) {
  const std::string path = dir_.path("it's; drop.parquet");
  const std::string name = "a\"; DROP TABLE x; --";
  ParquetWriter writer =
      ParquetWriter::open(path, {{name, ColumnKind::kJson, From::kField}}, {}).value();
  ColumnChunk chunk = rows(0, 1);
  chunk.fields.pop_back();
  ASSERT_TRUE(writer.append(std::move(chunk)).has_value());
  ASSERT_TRUE(writer.finish().has_value());
  EXPECT_THAT(ask("SELECT " + sql_name(name) + " FROM " + sql_text(path)), ElementsAre(" 0.0"));
}

TEST_F(ParquetWriterTest, RefusesWhatDuckdbDoesNotKnow) {
  EXPECT_THAT(ParquetWriter::open(dir_.path("x"), kColumns, {.codec = "zip"}).error().message,
              HasSubstr("zip"));
}

TEST_F(ParquetWriterTest, SaysWhyItCanNotGoOn) {
  ParquetWriter writer =
      ParquetWriter::open(dir_.path("out.parquet"), {{"x", ColumnKind::kInt, From::kField}}, {})
          .value();
  Status status;
  for (int i = 0; status && i < 1'000; ++i) {
    ColumnChunk chunk = rows(0, 1);
    chunk.fields.pop_back();
    status = writer.append(std::move(chunk));  // doubles are no ints
  }
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("x: a field has got another type"));
}

TEST_F(ParquetWriterTest, StopsWhenItIsLeft) {
  ParquetWriter writer = ParquetWriter::open(dir_.path("out.parquet"), kColumns, {}).value();
  ASSERT_TRUE(writer.append(rows(0, 10)).has_value());
}

}  // namespace
}  // namespace zbag
