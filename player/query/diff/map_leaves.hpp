// Points as the leaves of their maps, and where those of two points differ.
//
// A leaf is a value that is no map, or an empty map. Its path names the maps around it, then
// itself: `pose.position.x`. A name that is empty or has a dot or a quote in it stands in quotes,
// as in --where: `pose."odd.name".x`; so no two leaves of a map have one path.
//
// Pure; thread-safe. What is given out lends from the maps.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "player/query/diff/likeness.hpp"
#include "schemas/map_bytes.hpp"

namespace zbag {

// Appends `name` to the path of the maps around it.
void append_to_path(std::string& path, std::string_view name);
std::string path_of(const std::vector<std::string>& names);

// Which leaves are looked at: all, or those that are a named field or lie in one.
class LeafChoice {
 public:
  // `columns`: as `pose.position.x` or `pose`, quotes left out; empty: all leaves.
  explicit LeafChoice(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  bool takes_all() const { return columns_.empty(); }
  // The names joined by dots.
  bool takes(std::string_view dotted) const;

 private:
  std::vector<std::string> columns_;
};

// One leaf of two points; empty where it is absent.
struct LeafPair {
  std::string path;
  std::span<const std::uint8_t> a;
  std::span<const std::uint8_t> b;
};

// The leaves that are not alike: those of `a` in their order, then those that `b` alone has.
// nullopt: one has so many below so long names that their paths have more than 64 MiB. REQUIRES:
// both maps were validated.
std::optional<std::vector<LeafPair>> unlike_leaves(const MapBytes& a, const MapBytes& b,
                                                   const Likeness& likeness,
                                                   const LeafChoice& choice);

// Goes into lists of equal length as far as they differ in one place first: `ranges` becomes
// `ranges[17]`, with the two values there. REQUIRES: as above; the pair is not alike.
LeafPair first_unlike_item(LeafPair pair, const Likeness& likeness);

}  // namespace zbag
