#include "player/imports/tables/column_fields.hpp"

#include <optional>
#include <set>
#include <utility>

#include "player/imports/json_line.hpp"
#include "player/imports/unlike_names.hpp"
#include "schemas/json_text.hpp"
#include "schemas/put_item.hpp"

namespace zbag {
namespace {

constexpr std::size_t kPartsMax = 8;        // of a name that comes apart
constexpr std::size_t kMapsMax = 1u << 17;  // that names make

std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  while (parts.size() < kPartsMax) {
    const std::size_t dot = name.find('.');
    parts.push_back(name.substr(0, dot));
    if (parts.back().empty()) break;
    if (dot == std::string_view::npos) return parts;
    name.remove_prefix(dot + 1);
  }
  return {};
}

// A name that is no UTF-8 is {"$bin":...}, as all such texts.
std::optional<std::string> text_of_name(const Value& name) {
  if (const auto* const text = name.get_if<std::string>()) return *text;
  const auto* const word = name.get_if<Fields>();
  if (word == nullptr || word->size() != 1 || word->front().first != "$bin") return std::nullopt;
  const auto* const bytes = word->front().second.get_if<std::string>();
  return bytes != nullptr ? unbase64(*bytes) : std::nullopt;
}

bool is_in_column(std::string_view name, const std::set<std::string_view>& columns) {
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos;
       dot = name.find('.', dot + 1)) {
    if (columns.contains(name.substr(0, dot))) return true;
  }
  return false;
}

}  // namespace

ColumnFields::ColumnFields(const std::vector<std::string>& names) {
  const std::set<std::string_view> columns(names.begin(), names.end());
  for (std::size_t column = 0; column < names.size(); ++column) {
    const std::string_view name = names[column];
    const std::vector<std::string_view> parts = parts_of(name);
    const bool is_whole = parts.empty() || maps_.size() > kMapsMax || is_in_column(name, columns);
    add(is_whole ? std::vector{name} : parts, column);
  }
}

ColumnFields::ColumnFields(const std::vector<std::vector<std::string>>& paths) {
  for (std::size_t column = 0; column < paths.size(); ++column)
    add({paths[column].begin(), paths[column].end()}, column);
}

void ColumnFields::add(const std::vector<std::string_view>& path, std::size_t column) {
  std::size_t around = 0;
  for (std::size_t n = 0; n + 1 < path.size(); ++n) {
    const auto [known, is_new] = maps_.try_emplace({around, std::string(path[n])}, nodes_.size());
    if (is_new) {
      nodes_[around].children.push_back(nodes_.size());
      nodes_.push_back({.name = std::string(path[n])});
    }
    around = known->second;
  }
  nodes_[around].children.push_back(nodes_.size());
  nodes_.push_back({.name = std::string(path.back()), .column = column});
}

void ColumnFields::append_map(const std::vector<std::string_view>& values, std::string& out) {
  count(nodes_.front(), values);
  append(nodes_.front(), values, out);
}

// Whether there is anything of it.
bool ColumnFields::count(Node& node, const std::vector<std::string_view>& values) {
  if (node.column != kNoColumn) return !values[node.column].empty();
  node.present = 0;
  for (const std::size_t child : node.children)
    node.present += count(nodes_[child], values) ? 1 : 0;
  return node.present > 0;
}

void ColumnFields::append(const Node& node, const std::vector<std::string_view>& values,
                          std::string& out) {
  if (node.column != kNoColumn) {
    out += values[node.column];
    return;
  }
  item::append_item(out, [&](std::uint8_t*& at) { item::put_map(at, node.present); });
  for (const std::size_t child : node.children) {
    const Node& inner = nodes_[child];
    const bool is_there =
        inner.column == kNoColumn ? inner.present > 0 : !values[inner.column].empty();
    if (!is_there) continue;
    item::append_text(out, inner.name);
    append(inner, values, out);
  }
}

std::optional<std::vector<std::string>> path_of_json(std::string_view json) {
  const Result<Value> value = parse_json_line(json);
  const auto* const names = value ? value->get_if<Array>() : nullptr;
  if (names == nullptr || names->empty() || names->size() >= item::kDepthMax) return std::nullopt;
  std::vector<std::string> path;
  for (const Value& name : *names) {
    std::optional<std::string> text = text_of_name(name);
    if (!text) return std::nullopt;
    path.push_back(std::move(*text));
  }
  return path;
}

const char* fault_of(const std::vector<std::vector<std::string>>& paths) {
  std::set<std::vector<std::string>> known;
  for (const std::vector<std::string>& path : paths) {
    if (!known.insert(path).second) return "a name is there twice";
  }
  for (std::vector<std::string> around : paths) {
    for (around.pop_back(); !around.empty(); around.pop_back()) {
      if (known.contains(around)) return "a map is no map";
    }
  }
  return nullptr;
}

void put_views(std::string_view items, const std::vector<std::size_t>& ends,
               std::vector<std::string_view>& values) {
  values.clear();
  std::size_t begin = 0;
  for (const std::size_t end : ends)
    values.push_back(items.substr(std::exchange(begin, end), end - begin));
}

std::vector<std::string> names_before_export(std::vector<std::string> columns) {
  for (std::string& name : columns) {
    std::optional<std::string> field =
        name_of_member(unescaped_name(name, "timestamp"), JsonDialect::kPlain);
    if (field) name = std::move(*field);
  }
  make_unlike(columns, "column");
  return columns;
}

}  // namespace zbag
