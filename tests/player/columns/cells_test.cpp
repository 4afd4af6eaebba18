#include "player/columns/cells.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "player/columns/column_kind.hpp"
#include "recorder/bag/read/column_append.hpp"
#include "tests/support/bytes.hpp"

namespace zbag {
namespace {

// What `values` of a field "f" are as cells, each as JSON.
std::vector<std::string> cells_of(const std::vector<Fields>& points) {
  PointColumns columns({{"f"}});
  for (const Fields& fields : points) {
    const std::string map = encoded(fields);
    PointView view;
    view.map = as_bytes(map);
    columns.add(view);
  }
  const ColumnChunk chunk = columns.take();
  Cells cells(chunk.fields[0]);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < points.size(); ++i) cells.next().append_json(texts.emplace_back());
  return texts;
}

TEST(CellsTest, GiveEveryTypeAsJson) {
  EXPECT_THAT(
      cells_of({{{"f", true}},
                {{"f", -7}},
                {{"f", std::numeric_limits<std::uint64_t>::max()}},
                {{"f", 2.0}},
                {{"f", std::numeric_limits<double>::quiet_NaN()}},
                {{"f", "a\"b"}},
                {{"f", Binary{"\xff"}}},
                {{"f", nullptr}},
                {{"g", 1}},
                {{"f", Array{1, 2}}},
                {{"f", Array{0.5, 1.0}}},
                {{"f", Array{1, "x"}}},
                {{"f", Fields{{"g", 1}}}}}),
      testing::ElementsAre("true", "-7", "18446744073709551615", "2.0", "null", "\"a\\\"b\"",
                           "\"/w==\"", "null", "null", "[1,2]", "[0.5,1.0]", "[1,\"x\"]", "null"));
}

// A block of a stranger may hold anything under that type.
TEST(CellsTest, GiveNullForWhatIsNoValue) {
  FieldPart part;
  part.type = ColumnType::kOther;
  part.bytes = {0x92, 0x01};  // an array of two that has one
  part.ends = {2};
  std::string text;
  Cell(part, 0).append_json(text);
  EXPECT_EQ(text, "null");
}

TEST(CellsTest, TellNumbersAboveInt64) {
  FieldPart part;
  part.type = ColumnType::kInt;
  part.ints = {5, -1};
  part.unsigned_at = {1};
  EXPECT_EQ(Cell(part, 0).number(), 5.0);
  EXPECT_TRUE(Cell(part, 1).is_above_int64());
  EXPECT_EQ(Cell(part, 1).number(), 18446744073709551615.0);
}

// Requirements 1.5
TEST(ColumnKindTest, IsWhatHoldsAllTypesThatWereMet) {
  using Type = ColumnType;
  EXPECT_EQ(kind_of({}), ColumnKind::kText);
  EXPECT_EQ(kind_of({Type::kNil}), ColumnKind::kText);
  EXPECT_EQ(kind_of({Type::kNil, Type::kBool}), ColumnKind::kBool);
  EXPECT_EQ(kind_of({Type::kInt}), ColumnKind::kInt);
  EXPECT_EQ(kind_of({Type::kInt, Type::kFloat32}), ColumnKind::kDouble);
  EXPECT_EQ(kind_of({Type::kInts}), ColumnKind::kInts);
  EXPECT_EQ(kind_of({Type::kInts, Type::kFloat64s}), ColumnKind::kDoubles);
  EXPECT_EQ(kind_of({Type::kInt, Type::kText}), ColumnKind::kJson);
  EXPECT_EQ(kind_of({Type::kOther}), ColumnKind::kJson);
  EXPECT_EQ(kind_of({Type::kFloat64, Type::kFloat64s}), ColumnKind::kJson);
}

}  // namespace
}  // namespace zbag
