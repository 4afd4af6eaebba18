// A column of a track as a dataset, and which of its rows have a value.
//
// A row without one is NaN, 0, false or empty. The first makes a dataset beside it, of bools: false
// where there is no value. Where nothing is missing there is none. Not thread-safe. Errors as
// Dataset; kUnsupported: the field has got values meanwhile that its form does not take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "player/columns/cells.hpp"
#include "player/exports/hdf5/column_form.hpp"
#include "player/exports/hdf5/dataset_names.hpp"
#include "player/exports/hdf5/hdf5_file.hpp"

namespace zbag::hdf5 {

class ColumnDataset {
 public:
  // `group` is lent.
  static Result<ColumnDataset> create(Group& group, ColumnName name, const ColumnForm& form,
                                      std::uint64_t chunk_rows);

  // Rows of `column`, of which `cells` is at `first`.
  Status append(const FieldColumn& column, Cells& cells, std::size_t first, std::size_t count);
  Dataset& data() { return data_; }

 private:
  ColumnDataset(Group& group, ColumnName name, const ColumnForm& form, std::uint64_t chunk_rows,
                Dataset data)
      : group_(&group),
        name_(std::move(name)),
        form_(form),
        chunk_rows_(chunk_rows),
        data_(std::move(data)) {}
  const void* whole_rows(const FieldColumn& column, std::size_t first, std::size_t count) const;
  Status append_cells(const std::vector<Cell>& cells);
  template <class T>
  Status append_values(const std::vector<Cell>& cells, T missing);
  template <class T>
  Status append_lists(const std::vector<Cell>& cells, T missing);
  Status append_texts(const std::vector<Cell>& cells);
  Status append_bytes(const std::vector<Cell>& cells);
  Status note_missing(const std::vector<Cell>& cells);
  Error changed() const;

  Group* group_;
  ColumnName name_;
  ColumnForm form_;
  std::uint64_t chunk_rows_;
  Dataset data_;
  std::optional<Dataset> valid_;  // once a row has no value
};

}  // namespace zbag::hdf5
