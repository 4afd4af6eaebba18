// What the rows of a column's dataset are: decided by all the values it will get, which are looked
// at before.
//
//   ColumnSurvey survey(field, types);
//   if (survey.must_look()) for each chunk: survey.add(column);
//   ColumnForm form = survey.form();
//
// Numbers are of the smallest type that takes them as they were sent: float32 where there is no
// other, int64, uint64 where some lie above, and JSON text where there are negative ones, too.
// Lists that are all of one length are rows of a table, else each has its own. Text with a NUL in
// it, or that is no UTF-8, makes its column one of bytes. Maps, and what is mixed, are JSON text.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

#include "player/exports/export_source.hpp"
#include "player/exports/hdf5/row_type.hpp"

namespace zbag::hdf5 {

struct ColumnForm {
  // Of bytes or texts: what they are.
  enum class Text : std::uint8_t { kNone, kPlain, kAsBytes, kJson };

  RowType row;
  Text text = Text::kNone;
};

// Whether a dataset can have that text as it is.
bool is_plain_text(std::string_view text);

class ColumnSurvey {
 public:
  // `types`: those that the field was met in.
  ColumnSurvey(const ExportField& field, const std::set<ColumnType>& types);

  // Whether the kind of the column alone does not say it.
  bool must_look() const;
  void add(const FieldColumn& column);
  ColumnForm form() const;

 private:
  RowType list_of(Element element) const;

  ColumnKind kind_;
  bool is_float32_;
  bool is_plain_ = true;
  bool is_of_one_length_ = true;
  std::optional<std::uint64_t> length_;  // of the first list
};

}  // namespace zbag::hdf5
