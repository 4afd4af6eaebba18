// One member of a map in its bytes, by its name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "schemas/map_bytes.hpp"

namespace zbag {

// nullopt: none has that name. REQUIRES: the bytes were validated; the value refers to them.
inline std::optional<std::span<const std::uint8_t>> find_member(MapBytes map,
                                                                std::string_view name) {
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (pair->name == name) return pair->value;
  }
  return std::nullopt;
}

// The same of an item that may be no map. Empty: it is none, or has no such member.
inline std::span<const std::uint8_t> member_of(std::span<const std::uint8_t> item,
                                               std::string_view name) {
  const std::optional<MapBytes> map = open_map(item);
  return map ? find_member(*map, name).value_or(std::span<const std::uint8_t>())
             : std::span<const std::uint8_t>();
}

}  // namespace zbag
