#include "nodes/unseen_columns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "nodes/column_hint.hpp"
#include "nodes/nearest.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kFieldsMax = 1'024;  // a stranger may have any number of names

}  // namespace

UnseenColumns::UnseenColumns(std::vector<std::string> columns) : unseen_(std::move(columns)) {
  std::erase_if(unseen_, [](const std::string& name) {  // of every point
    return name == "_ts" || name == "_src" || name == "_seq";
  });
}

void UnseenColumns::note(std::span<const std::uint8_t> frame) {
  if (!unseen_.empty()) look(open_map(frame).value_or(MapBytes{}), {});
}

void UnseenColumns::look(const MapBytes& map, std::string_view front) {
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    const std::string name = std::string(front).append(pair->name);
    std::erase_if(unseen_, [&](const std::string& column) {
      return name == column || name.starts_with(column + ".");
    });
    if (unseen_.empty()) return;
    if (fields_.size() < kFieldsMax) fields_.insert(name);
    if (const std::optional<MapBytes> inner = open_map(pair->value)) look(*inner, name + ".");
  }
}

std::string UnseenColumns::text() const {
  if (unseen_.empty()) return {};
  const std::vector<std::string> fields(fields_.begin(), fields_.end());
  std::string hint;
  for (auto column = unseen_.begin(); hint.empty() && column != unseen_.end(); ++column) {
    hint = column_hint(*column);
    if (hint.empty()) hint = nearest_hint(*column, fields);
  }
  return fmt::format("no frame has a column {}{}",
                     printable(fmt::format("{}", fmt::join(unseen_, ", "))), hint);
}

}  // namespace zbag
