#include "player/columns/column_kind.hpp"

#include <algorithm>

namespace zbag {
namespace {

bool is_scalar_number(ColumnType type) { return is_number(type) && !is_list(type); }

}  // namespace

ColumnKind kind_of(const std::set<ColumnType>& types) {
  std::set<ColumnType> met = types;
  met.erase(ColumnType::kNil);
  const bool is_one = met.size() == 1;
  if (met.empty()) return ColumnKind::kText;
  if (is_one && met.contains(ColumnType::kBool)) return ColumnKind::kBool;
  if (is_one && met.contains(ColumnType::kInt)) return ColumnKind::kInt;
  if (is_one && met.contains(ColumnType::kText)) return ColumnKind::kText;
  if (is_one && met.contains(ColumnType::kBinary)) return ColumnKind::kBinary;
  if (is_one && met.contains(ColumnType::kInts)) return ColumnKind::kInts;
  if (std::all_of(met.begin(), met.end(), is_scalar_number)) return ColumnKind::kDouble;
  if (std::all_of(met.begin(), met.end(), is_list)) return ColumnKind::kDoubles;
  return ColumnKind::kJson;
}

bool takes(ColumnKind kind, ColumnType type) {
  switch (kind) {
    case ColumnKind::kBool:
      return type == ColumnType::kBool;
    case ColumnKind::kInt:
      return type == ColumnType::kInt;
    case ColumnKind::kDouble:
      return is_scalar_number(type);
    case ColumnKind::kBinary:
      return type == ColumnType::kBinary;
    case ColumnKind::kInts:
      return type == ColumnType::kInts;
    case ColumnKind::kDoubles:
      return is_list(type);
    case ColumnKind::kText:
    case ColumnKind::kJson:
      break;
  }
  return true;
}

const char* name_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBool:
      return "bool";
    case ColumnKind::kInt:
      return "int";
    case ColumnKind::kDouble:
      return "double";
    case ColumnKind::kText:
      return "text";
    case ColumnKind::kBinary:
      return "binary";
    case ColumnKind::kInts:
      return "ints";
    case ColumnKind::kDoubles:
      return "doubles";
    case ColumnKind::kJson:
      return "json";
  }
  return "";
}

}  // namespace zbag
