#include "schemas/chosen_fields.hpp"

#include <algorithm>

#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

bool lies_in(std::string_view dotted, std::string_view map) {
  return dotted.size() > map.size() && dotted[map.size()] == '.' && dotted.starts_with(map);
}

// Appends the pairs that are chosen, without a header; returns how many they are. `dotted` is the
// name of `map` and a dot, or empty, and is given back so.
std::uint32_t append_pairs(MapBytes map, const std::vector<std::string>& names, std::string& dotted,
                           std::string& out);

// A map of which some fields are chosen, if it is one: key and header are followed by those.
bool append_part(const PairBytes& pair, const std::vector<std::string>& names, std::string& dotted,
                 std::string& out) {
  const std::optional<MapBytes> map = open_map(pair.value);
  const bool may_hold = map && std::any_of(names.begin(), names.end(),
                                           [&](const auto& name) { return lies_in(name, dotted); });
  if (!may_hold) return false;
  std::string pairs;
  dotted += '.';
  const std::uint32_t count = append_pairs(*map, names, dotted, pairs);
  if (count == 0) return false;
  const std::size_t key_bytes = pair.pair.size() - pair.value.size();
  out.append(reinterpret_cast<const char*>(pair.pair.data()), key_bytes);
  append_map({count, bytes_of(pairs)}, out);
  return true;
}

std::uint32_t append_pairs(MapBytes map, const std::vector<std::string>& names, std::string& dotted,
                           std::string& out) {
  const std::size_t above = dotted.size();
  std::uint32_t count = 0;
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    dotted += pair->name;
    if (is_chosen_field(names, dotted)) {
      out.append(text_of(pair->pair));
      ++count;
    } else if (append_part(*pair, names, dotted, out)) {
      ++count;
    }
    dotted.resize(above);
  }
  return count;
}

}  // namespace

bool is_chosen_field(const std::vector<std::string>& names, std::string_view dotted) {
  return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return dotted == name || lies_in(dotted, name);
         });
}

void append_chosen(MapBytes map, const std::vector<std::string>& names, std::string& out) {
  std::string pairs;
  std::string dotted;
  const std::uint32_t count = append_pairs(map, names, dotted, pairs);
  append_map({count, bytes_of(pairs)}, out);
}

std::optional<std::span<const std::uint8_t>> value_of_field(MapBytes map, std::string_view dotted) {
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (pair->name == dotted) return pair->value;
    if (!lies_in(dotted, pair->name)) continue;
    const std::optional<MapBytes> inner = open_map(pair->value);
    if (!inner) continue;
    const auto value = value_of_field(*inner, dotted.substr(pair->name.size() + 1));
    if (value) return value;
  }
  return std::nullopt;
}

}  // namespace zbag
