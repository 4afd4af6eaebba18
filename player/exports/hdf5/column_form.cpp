#include "player/exports/hdf5/column_form.hpp"

#include <algorithm>

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

bool ColumnSurvey::must_look() const {
  return kind_ == ColumnKind::kInt || kind_ == ColumnKind::kText || kind_ == ColumnKind::kInts ||
         kind_ == ColumnKind::kDoubles;
}

void ColumnSurvey::add(const FieldColumn& column) {
  for (const FieldPart& part : column.parts) {
    if (part.type == ColumnType::kInt || part.type == ColumnType::kInts) add_integers(part);
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

void ColumnSurvey::add_integers(const FieldPart& part) {
  const std::size_t above = part.unsigned_at.size();
  has_above_int64_ = has_above_int64_ || above > 0;
  if (has_negative_) return;
  const auto is_negative = [](std::int64_t value) { return value < 0; };
  // Those above look negative, too.
  has_negative_ = above == 0 ? std::any_of(part.ints.begin(), part.ints.end(), is_negative)
                             : static_cast<std::size_t>(std::count_if(
                                   part.ints.begin(), part.ints.end(), is_negative)) > above;
}

RowType ColumnSurvey::list_of(Element element) const {
  if (is_of_one_length_ && length_.value_or(0) > 0)
    return {.element = element, .shape = RowShape::kList, .width = *length_};
  return {.element = element, .shape = RowShape::kAnyList};
}

ColumnForm ColumnSurvey::form() const {
  constexpr RowType kTexts{.element = Element::kText};
  constexpr RowType kBytes{.element = Element::kUint8, .shape = RowShape::kAnyList};
  const Element integers = has_above_int64_ ? Element::kUint64 : Element::kInt64;
  const Element floats = is_float32_ ? Element::kFloat32 : Element::kFloat64;
  const bool is_beyond = has_above_int64_ && has_negative_;
  switch (kind_) {
    case ColumnKind::kBool:
      return {.row = {.element = Element::kBool}};
    case ColumnKind::kInt:
      if (!is_beyond) return {.row = {.element = integers}};
      break;
    case ColumnKind::kInts:
      if (!is_beyond) return {.row = list_of(integers)};
      break;
    case ColumnKind::kDouble:
      return {.row = {.element = floats}};
    case ColumnKind::kDoubles:
      return {.row = list_of(floats)};
    case ColumnKind::kText:
      if (is_plain_) return {.row = kTexts, .text = ColumnForm::Text::kPlain};
      return {.row = kBytes, .text = ColumnForm::Text::kAsBytes};
    case ColumnKind::kBinary:
      return {.row = kBytes};
    case ColumnKind::kJson:
      break;
  }
  return {.row = kTexts, .text = ColumnForm::Text::kJson};
}

}  // namespace zbag::hdf5
