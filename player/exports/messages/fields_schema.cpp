#include "player/exports/messages/fields_schema.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "schemas/json_text.hpp"

namespace zbag {
namespace {

using Leaf = LeafTypes::const_iterator;

bool is_list_or_other(ColumnType type) { return is_list(type) || type == ColumnType::kOther; }
bool is_int(ColumnType type) { return type == ColumnType::kInt || type == ColumnType::kInts; }

// nullopt: it is several things.
std::optional<std::string> schema_of(std::set<ColumnType> types) {
  types.erase(ColumnType::kNil);
  const auto are_all = [&](auto is) { return std::all_of(types.begin(), types.end(), is); };
  if (types.empty() || types == std::set{ColumnType::kOther}) return std::nullopt;
  if (types == std::set{ColumnType::kBool}) return R"({"type":"boolean"})";
  if (types == std::set{ColumnType::kText}) return R"({"type":"string"})";
  if (types == std::set{ColumnType::kBinary})
    return R"({"type":"string","contentEncoding":"base64"})";
  if (are_all(is_list_or_other)) {  // others are lists that are empty, mostly
    types.erase(ColumnType::kOther);
    const std::string of = are_all(is_int) ? "integer" : "number";
    return R"({"type":"array","items":{"type":")" + of + R"("}})";
  }
  const auto is_one_number = [](ColumnType type) { return is_number(type) && !is_list(type); };
  if (!are_all(is_one_number)) return std::nullopt;
  return are_all(is_int) ? R"({"type":"integer"})" : R"({"type":"number"})";
}

// Members of the map that is `depth` names in, of the leaves in [first, limit).
void append_members(Leaf first, Leaf limit, std::size_t depth, bool is_first, std::string& out) {
  while (first != limit) {
    const std::string& name = first->first[depth];
    const Leaf behind =
        std::find_if(first, limit, [&](const auto& leaf) { return leaf.first[depth] != name; });
    const bool is_leaf = first->first.size() == depth + 1;
    const bool is_both = is_leaf && std::next(first) != behind;
    const std::optional<std::string> leaf = is_leaf ? schema_of(first->second) : std::nullopt;
    if (!is_both && (leaf || !is_leaf)) {
      if (!is_first) out += ',';
      is_first = false;
      write_json_text(member_name(name, JsonDialect::kPlain), out);
      out += ':';
      if (leaf) {
        out += *leaf;
      } else {
        out += R"({"type":"object","properties":{)";
        append_members(first, behind, depth + 1, true, out);
        out += "}}";
      }
    }
    first = behind;
  }
}

}  // namespace

std::string json_schema_of_fields(const std::string& title, const LeafTypes& leaves) {
  std::string schema = R"({"type":"object","title":)";
  write_json_text(title, schema);
  schema += R"(,"properties":{"_ts":{"type":"number"})";
  append_members(leaves.begin(), leaves.end(), 0, false, schema);
  return schema + "}}";
}

}  // namespace zbag
