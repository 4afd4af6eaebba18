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

using Type = ColumnType;

constexpr FieldValues kSmall{};
constexpr FieldValues kAbove{.has_above_int64 = true, .has_beyond_double = true};
constexpr FieldValues kBothEnds{
    .has_above_int64 = true, .has_negative = true, .has_beyond_double = true};
constexpr FieldValues kBeyond{.has_negative = true, .has_beyond_double = true};

// Requirements 1.5
TEST(ColumnKindTest, IsWhatHoldsAllTypesThatWereMet) {
  EXPECT_EQ(kind_of({}, kSmall), ColumnKind::kText);
  EXPECT_EQ(kind_of({Type::kNil}, kSmall), ColumnKind::kText);
  EXPECT_EQ(kind_of({Type::kNil, Type::kBool}, kSmall), ColumnKind::kBool);
  EXPECT_EQ(kind_of({Type::kInt}, kSmall), ColumnKind::kInt);
  EXPECT_EQ(kind_of({Type::kInt, Type::kFloat32}, kSmall), ColumnKind::kDouble);
  EXPECT_EQ(kind_of({Type::kInts}, kSmall), ColumnKind::kInts);
  EXPECT_EQ(kind_of({Type::kInts, Type::kFloat64s}, kSmall), ColumnKind::kDoubles);
  EXPECT_EQ(kind_of({Type::kInt, Type::kText}, kSmall), ColumnKind::kJson);
  EXPECT_EQ(kind_of({Type::kFloat64, Type::kFloat64s}, kSmall), ColumnKind::kJson);
}

TEST(ColumnKindTest, RoundsNoInteger) {
  EXPECT_EQ(kind_of({Type::kInt}, kBeyond), ColumnKind::kInt);
  EXPECT_EQ(kind_of({Type::kInt}, kAbove), ColumnKind::kUnsigned);
  EXPECT_EQ(kind_of({Type::kInt, Type::kNil}, kBothEnds), ColumnKind::kHuge);
  EXPECT_EQ(kind_of({Type::kInt, Type::kFloat64}, kBeyond), ColumnKind::kJson);
  EXPECT_EQ(kind_of({Type::kInts}, kAbove), ColumnKind::kUnsigneds);
  EXPECT_EQ(kind_of({Type::kInts}, kBothEnds), ColumnKind::kJson);
  EXPECT_EQ(kind_of({Type::kInts, Type::kFloat64s}, kBeyond), ColumnKind::kJson);
}

TEST(ColumnKindTest, TakesAnEmptyListForOneOfAnyNumbers) {
  constexpr FieldValues kMixed{.has_other = true};
  EXPECT_EQ(kind_of({Type::kOther, Type::kInts}, kSmall), ColumnKind::kInts);
  EXPECT_EQ(kind_of({Type::kOther, Type::kFloat64s, Type::kNil}, kSmall), ColumnKind::kDoubles);
  EXPECT_EQ(kind_of({Type::kOther, Type::kInts}, kMixed), ColumnKind::kJson);
  EXPECT_EQ(kind_of({Type::kOther}, kSmall), ColumnKind::kJson);
  EXPECT_EQ(kind_of({Type::kOther, Type::kFloat64}, kSmall), ColumnKind::kJson);
}

}  // namespace
}  // namespace zbag
