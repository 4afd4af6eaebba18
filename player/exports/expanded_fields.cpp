#include "player/exports/expanded_fields.hpp"

#include <set>
#include <string>
#include <utility>

#include "player/columns/array_columns.hpp"

namespace zbag {
namespace {

// The first of several columns of one name gets it.
std::string unused_name(std::string name, std::set<std::string>& used) {
  while (!used.insert(name).second) name += '_';
  return name;
}

}  // namespace

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
                         field.kind == ColumnKind::kInts ? ColumnKind::kInt : ColumnKind::kDouble,
                         i});
    }
  }
  return columns;
}

}  // namespace zbag
