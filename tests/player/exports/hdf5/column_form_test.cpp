#include "player/exports/hdf5/column_form.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "schemas/text_bytes.hpp"

namespace zbag::hdf5 {
namespace {

using Text = ColumnForm::Text;

FieldPart ints(std::vector<std::int64_t> values, std::vector<std::uint64_t> above = {}) {
  FieldPart part;
  part.type = ColumnType::kInt;
  part.count = values.size();
  part.ints = std::move(values);
  part.unsigned_at = std::move(above);
  return part;
}

FieldPart int_lists(std::vector<std::int64_t> values, std::vector<std::uint64_t> ends,
                    std::vector<std::uint64_t> above = {}) {
  FieldPart part = ints(std::move(values), std::move(above));
  part.type = ColumnType::kInts;
  part.count = ends.size();
  part.ends = std::move(ends);
  return part;
}

FieldPart texts(const std::vector<std::string>& values) {
  FieldPart part;
  part.type = ColumnType::kText;
  part.count = values.size();
  for (const std::string& value : values) {
    const auto bytes = bytes_of(value);
    part.bytes.insert(part.bytes.end(), bytes.begin(), bytes.end());
    part.ends.push_back(part.bytes.size());
  }
  return part;
}

// Of a field that was met in `types` and has those values, each part in a chunk of its own.
ColumnForm form_of(const std::set<ColumnType>& types, const std::vector<FieldPart>& parts = {}) {
  ColumnSurvey survey({.column = "x", .names = {"x"}, .kind = kind_of(types, {})}, types);
  EXPECT_TRUE(parts.empty() || survey.must_look());
  for (const FieldPart& part : parts) {
    FieldColumn column;
    column.validity.assign(part.count, 1);
    column.parts.push_back(part);
    survey.add(column);
  }
  return survey.form();
}

TEST(ColumnFormTest, TakesNumbersAsTheyWereSent) {
  EXPECT_EQ(form_of({ColumnType::kFloat32, ColumnType::kNil}).row.element, Element::kFloat32);
  EXPECT_EQ(form_of({ColumnType::kFloat32, ColumnType::kFloat64}).row.element, Element::kFloat64);
  EXPECT_EQ(form_of({ColumnType::kInt, ColumnType::kFloat32}).row.element, Element::kFloat64);
  EXPECT_EQ(form_of({ColumnType::kBool}).row.element, Element::kBool);
}

TEST(ColumnFormTest, FindsTheTypeThatTakesAllIntegers) {
  const auto form = [](ColumnKind kind) {
    return ColumnSurvey({.column = "x", .names = {"x"}, .kind = kind}, {ColumnType::kInt}).form();
  };
  EXPECT_EQ(form(ColumnKind::kInt).row.element, Element::kInt64);
  EXPECT_EQ(form(ColumnKind::kUnsigned).row.element, Element::kUint64);
  EXPECT_EQ(form(ColumnKind::kUnsigneds).row.element, Element::kUint64);
  EXPECT_EQ(form(ColumnKind::kHuge).text, Text::kJson);
}

TEST(ColumnFormTest, MakesATableOfListsOfOneLength) {
  const RowType table = form_of({ColumnType::kInts}, {int_lists({1, 2, 3, 4}, {2, 4})}).row;
  EXPECT_EQ(table, (RowType{.element = Element::kInt64, .shape = RowShape::kList, .width = 2}));
  EXPECT_EQ(table.bytes(), 16u);
  const auto shape = [](const std::vector<FieldPart>& parts) {
    return form_of({ColumnType::kInts}, parts).row.shape;
  };
  EXPECT_EQ(shape({int_lists({1, 2, 3}, {2, 3})}), RowShape::kAnyList);
  EXPECT_EQ(shape({int_lists({1, 2}, {2}), int_lists({1}, {1})}), RowShape::kAnyList);
  EXPECT_EQ(shape({int_lists({}, {0})}), RowShape::kAnyList);
  EXPECT_EQ(shape({}), RowShape::kAnyList);
}

TEST(ColumnFormTest, MakesBytesOfTextThatHdf5CanNotHold) {
  EXPECT_EQ(form_of({ColumnType::kText}, {texts({"a", "\xc3\xa9", ""})}).text, Text::kPlain);
  for (const std::string& odd : {std::string("n\0l", 3), std::string("\xff")}) {
    const ColumnForm form = form_of({ColumnType::kText}, {texts({"a", odd, "b"})});
    EXPECT_EQ(form.text, Text::kAsBytes);
    EXPECT_EQ(form.row.element, Element::kUint8);
  }
  // Letters that end in the next value.
  EXPECT_EQ(form_of({ColumnType::kText}, {texts({"\xc3", "\xa9"})}).text, Text::kAsBytes);
}

TEST(ColumnFormTest, WritesWhatIsMixedAsJson) {
  EXPECT_EQ(form_of({ColumnType::kInt, ColumnType::kText}).text, Text::kJson);
  EXPECT_EQ(form_of({ColumnType::kOther}).text, Text::kJson);
}

}  // namespace
}  // namespace zbag::hdf5
