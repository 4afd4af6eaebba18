#include "player/columns/column_kind.hpp"

#include <algorithm>

namespace zbag {
namespace {

bool is_scalar_number(ColumnType type) { return is_number(type) && !is_list(type); }

ColumnKind kind_of_ints(const FieldValues& values) {
  if (!values.has_above_int64) return ColumnKind::kInt;
  return values.has_negative ? ColumnKind::kHuge : ColumnKind::kUnsigned;
}

// Of lists, empty ones or not.
ColumnKind kind_of_lists(const std::set<ColumnType>& types, const FieldValues& values) {
  if (!types.contains(ColumnType::kInts)) return ColumnKind::kDoubles;
  const bool is_mixed = types.size() > 1;
  if (is_mixed) return values.has_beyond_double ? ColumnKind::kJson : ColumnKind::kDoubles;
  if (!values.has_above_int64) return ColumnKind::kInts;
  return values.has_negative ? ColumnKind::kJson : ColumnKind::kUnsigneds;
}

}  // namespace

ColumnKind kind_of(const std::set<ColumnType>& types, const FieldValues& values) {
  std::set<ColumnType> met = types;
  met.erase(ColumnType::kNil);
  const bool is_one = met.size() == 1;
  if (met.empty()) return ColumnKind::kText;
  if (is_one && met.contains(ColumnType::kBool)) return ColumnKind::kBool;
  if (is_one && met.contains(ColumnType::kInt)) return kind_of_ints(values);
  if (is_one && met.contains(ColumnType::kText)) return ColumnKind::kText;
  if (is_one && met.contains(ColumnType::kBinary)) return ColumnKind::kBinary;
  if (std::all_of(met.begin(), met.end(), is_scalar_number)) {
    const bool is_rounded = met.contains(ColumnType::kInt) && values.has_beyond_double;
    return is_rounded ? ColumnKind::kJson : ColumnKind::kDouble;
  }
  if (!values.has_other) met.erase(ColumnType::kOther);
  if (values.has_double_lists) met.insert(ColumnType::kFloat64s);
  const bool are_lists = !met.empty() && std::all_of(met.begin(), met.end(), is_list);
  return are_lists ? kind_of_lists(met, values) : ColumnKind::kJson;
}

bool is_of_lists(ColumnKind kind) {
  return kind == ColumnKind::kInts || kind == ColumnKind::kUnsigneds ||
         kind == ColumnKind::kDoubles;
}

ColumnKind element_kind(ColumnKind lists) {
  if (lists == ColumnKind::kInts) return ColumnKind::kInt;
  return lists == ColumnKind::kUnsigneds ? ColumnKind::kUnsigned : ColumnKind::kDouble;
}

bool takes(ColumnKind kind, ColumnType type) {
  switch (kind) {
    case ColumnKind::kBool:
      return type == ColumnType::kBool;
    case ColumnKind::kInt:
    case ColumnKind::kUnsigned:
    case ColumnKind::kHuge:
      return type == ColumnType::kInt;
    case ColumnKind::kDouble:
      return is_scalar_number(type);
    case ColumnKind::kBinary:
      return type == ColumnType::kBinary;
    case ColumnKind::kInts:
    case ColumnKind::kUnsigneds:
      return type == ColumnType::kInts || type == ColumnType::kOther;
    case ColumnKind::kDoubles:
      return is_list(type) || type == ColumnType::kOther;
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
    case ColumnKind::kUnsigned:
      return "unsigned";
    case ColumnKind::kHuge:
      return "huge";
    case ColumnKind::kDouble:
      return "double";
    case ColumnKind::kText:
      return "text";
    case ColumnKind::kBinary:
      return "binary";
    case ColumnKind::kInts:
      return "ints";
    case ColumnKind::kUnsigneds:
      return "unsigneds";
    case ColumnKind::kDoubles:
      return "doubles";
    case ColumnKind::kJson:
      return "json";
  }
  return "";
}

}  // namespace zbag
