#include "player/exports/expanded_fields.hpp"

#include <set>
#include <utility>

#include "player/columns/array_columns.hpp"
#include "player/columns/unused_name.hpp"

namespace zbag {
std::vector<ExportField> with_lists_expanded(std::vector<ExportField> fields,
                                             const std::map<FieldNames, std::size_t>& sizes) {
  std::set<std::string> used;
  for (const ExportField& field : fields) {
    if (!sizes.contains(field.names)) used.insert(field.column);
  }
  std::vector<ExportField> columns;
  for (ExportField& field : fields) {
    const auto list = sizes.find(field.names);
    if (list == sizes.end()) {
      columns.push_back(std::move(field));
      continue;
    }
    const auto& [names, size] = *list;
    for (std::size_t i = 0; i < size; ++i) {
      columns.push_back({unused_name(field.column + element_suffix(i, size), used), names,
                         element_kind(field.kind), i});
    }
  }
  return columns;
}

}  // namespace zbag
