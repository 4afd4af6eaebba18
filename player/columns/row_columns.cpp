#include "player/columns/row_columns.hpp"

#include <fmt/format.h>

#include "schemas/chosen_fields.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

RowColumns::RowColumns(std::string track, const std::set<std::string>& fields,
                       std::vector<std::string> chosen, Note note, std::vector<std::string> words)
    : track_(std::move(track)),
      chosen_(std::move(chosen)),
      note_(std::move(note)),
      words_(std::move(words)) {
  for (const std::string& field : fields) {
    std::size_t expected = 0;
    Node& node = nodes_[child_of(0, field, expected)];
    if (node.is_chosen) name_column(node, true);
  }
}

Result<std::span<const RowColumns::Leaf>> RowColumns::flatten(MapBytes fields) {
  leaves_.clear();
  if (Status taken = take(fields, 0); !taken) return tl::unexpected(taken.error());
  return std::span<const Leaf>(leaves_);
}

std::optional<std::string> RowColumns::column_of(const std::vector<std::string>& names) {
  std::size_t at = 0;
  for (const std::string& name : names) {
    std::size_t expected = 0;
    at = child_of(at, name, expected);
  }
  Node& node = nodes_[at];
  if (!node.is_chosen) return std::nullopt;
  if (node.column.empty()) name_column(node, names.size() == 1);
  return node.column;
}

Status RowColumns::take(MapBytes fields, std::size_t around) {
  std::size_t expected = 0;
  PairWalk walk(fields.pairs, fields.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    const std::size_t child = child_of(around, pair->name, expected);
    if (nodes_.size() > kColumnsMax) return tl::unexpected(too_many());
    const std::optional<MapBytes> map = open_map(pair->value);
    if (map && map->count > 0) {
      if (Status taken = take(*map, child); !taken) return taken;
      continue;
    }
    Node& node = nodes_[child];
    if (!node.is_chosen) continue;
    if (node.column.empty()) name_column(node, around == 0);
    leaves_.push_back({node.column, node.number, pair->value});
  }
  return {};
}

// `expected`: the place among the children where it is looked for first, which is moved behind it.
std::size_t RowColumns::child_of(std::size_t around, std::string_view name, std::size_t& expected) {
  const std::vector<std::size_t>& children = nodes_[around].children;
  if (expected < children.size() && nodes_[children[expected]].name == name)
    return children[expected++];
  const auto [known, is_new] = nodes_[around].by_name.try_emplace(std::string(name), nodes_.size());
  if (!is_new) return known->second;
  const std::size_t child = nodes_.size();
  nodes_[around].children.push_back(child);
  Node& node = nodes_.emplace_back();
  node.name = name;
  if (around != 0) node.dotted = nodes_[around].dotted + '.';
  node.dotted += name;
  node.is_chosen = is_chosen_field(chosen_, node.dotted);
  return child;
}

std::string RowColumns::unreserved(std::string_view field) const {
  std::string name(field);
  for (const std::string& word : words_) name = escaped_name(name, word);
  return name;
}

// `is_field`: of the frame, and not of a map in it.
void RowColumns::name_column(Node& node, bool is_field) {
  std::string name =
      member_name(is_field ? unreserved(node.dotted) : node.dotted, JsonDialect::kPlain);
  while (name.empty() || !used_.insert(name).second) name += '_';
  if (name != node.dotted && note_) note_(node.dotted, name);
  node.column = std::move(name);
  node.number = columns_++;
}

Error RowColumns::too_many() const {
  return {
      ErrorCode::kInvalid,
      fmt::format("track {} has more than {} columns; use --layout neutral", track_, kColumnsMax)};
}

}  // namespace zbag
