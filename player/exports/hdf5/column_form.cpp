#include "player/exports/hdf5/column_form.hpp"

#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag::hdf5 {
namespace {

bool is_float32(std::set<ColumnType> types) {
  types.erase(ColumnType::kNil);
  return types == std::set{ColumnType::kFloat32} || types == std::set{ColumnType::kFloat32s};
}

}  // namespace

bool is_plain_text(std::string_view text) {
  return text.find('\0') == std::string_view::npos && is_utf8(text);
}

ColumnSurvey::ColumnSurvey(const ExportField& field, const std::set<ColumnType>& types)
    : kind_(field.kind), is_float32_(is_float32(types)) {}

bool ColumnSurvey::must_look() const { return kind_ == ColumnKind::kText || is_of_lists(kind_); }

void ColumnSurvey::add(const FieldColumn& column) {
  for (const FieldPart& part : column.parts) {
    // Of a column of lists that is an empty one.
    if (part.type == ColumnType::kOther) is_of_one_length_ = false;
    if (!is_list(part.type) && part.type != ColumnType::kText) continue;
    std::uint64_t begin = 0;
    for (const std::uint64_t end : part.ends) {
      const std::uint64_t length = end - begin;
      if (part.type == ColumnType::kText) {
        is_plain_ = is_plain_ && is_plain_text(zbag::text_of(part.bytes).substr(begin, length));
      } else {
        is_of_one_length_ = is_of_one_length_ && length_.value_or(length) == length;
        length_ = length;
      }
      begin = end;
    }
  }
}

RowType ColumnSurvey::list_of(Element element) const {
  if (is_of_one_length_ && length_.value_or(0) > 0)
    return {.element = element, .shape = RowShape::kList, .width = *length_};
  return {.element = element, .shape = RowShape::kAnyList};
}

ColumnForm ColumnSurvey::form() const {
  constexpr RowType kTexts{.element = Element::kText};
  constexpr RowType kBytes{.element = Element::kUint8, .shape = RowShape::kAnyList};
  const Element floats = is_float32_ ? Element::kFloat32 : Element::kFloat64;
  switch (kind_) {
    case ColumnKind::kBool:
      return {.row = {.element = Element::kBool}};
    case ColumnKind::kInt:
      return {.row = {.element = Element::kInt64}};
    case ColumnKind::kInts:
      return {.row = list_of(Element::kInt64)};
    case ColumnKind::kUnsigned:
      return {.row = {.element = Element::kUint64}};
    case ColumnKind::kUnsigneds:
      return {.row = list_of(Element::kUint64)};
    case ColumnKind::kDouble:
      return {.row = {.element = floats}};
    case ColumnKind::kDoubles:
      return {.row = list_of(floats)};
    case ColumnKind::kText:
      if (is_plain_) return {.row = kTexts, .text = ColumnForm::Text::kPlain};
      return {.row = kBytes, .text = ColumnForm::Text::kAsBytes};
    case ColumnKind::kBinary:
      return {.row = kBytes};
    case ColumnKind::kHuge:
    case ColumnKind::kJson:
      break;
  }
  return {.row = kTexts, .text = ColumnForm::Text::kJson};
}

}  // namespace zbag::hdf5
