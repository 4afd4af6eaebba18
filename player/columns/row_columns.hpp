// The columns of one track's rows (requirements 1.5): nested maps flattened to dotted names, a name
// for every leaf and never one for two of them.
//
// The time of a row is its column `timestamp`; a field of that name is written as `timestamp_`, and
// one that is called so with a `_` more, so that the way back is exact; formats that have other
// words for themselves say so. Names that would collide
// ({"a":{"b":2},"a.b":1}) get a `_` more each, fields of the track before leaves of its maps; a
// leaf keeps the name it was given first. Names that are not UTF-8 are written as JSON has them
// (member_name()), so that every column's name is. Frames are read in their bytes: nothing is made
// of what a leaf holds. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "schemas/map_bytes.hpp"
#include "schemas/result.hpp"

namespace zbag {

class RowColumns {
 public:
  static constexpr std::size_t kColumnsMax = 1u << 20;
  using Note = std::function<void(const std::string& field, const std::string& column)>;

  RowColumns() = default;
  // `fields`: what is known of the track's fields. `chosen`: see is_chosen_field(). `note`
  // may be empty and is told what is written under another name. `words`: what no field is called,
  // the row having it for itself.
  RowColumns(std::string track, const std::set<std::string>& fields,
             std::vector<std::string> chosen, Note note,
             std::vector<std::string> words = {"timestamp"});

  struct Leaf {
    std::string_view column;
    std::size_t number;                   // of the column, from 0, in the order they were first met
    std::span<const std::uint8_t> value;  // one whole item
  };
  // The leaves of a frame in order, under the names of their columns; valid until the next call and
  // as long as the frame. kInvalid: too many columns. REQUIRES: the map was validated.
  Result<std::span<const Leaf>> flatten(MapBytes fields);
  // The column of one leaf, the names of the maps around it first; nullopt when it is not chosen.
  std::optional<std::string> column_of(const std::vector<std::string>& names);

 private:
  // A name in a map, and what is below it: fields of frames come in the order of the one before,
  // and are found by their place there.
  struct Node {
    std::string name;
    std::string dotted;
    std::vector<std::size_t> children;  // in the order they were first met
    std::unordered_map<std::string, std::size_t> by_name;
    bool is_chosen = false;
    std::string column;      // empty until there is a leaf, or where none is chosen
    std::size_t number = 0;  // of the column
  };

  Status take(MapBytes fields, std::size_t around);
  std::size_t child_of(std::size_t around, std::string_view name, std::size_t& expected);
  std::string unreserved(std::string_view field) const;
  void name_column(Node& node, bool is_field);
  Error too_many() const;

  std::string track_;
  std::vector<std::string> chosen_;
  Note note_;
  std::vector<std::string> words_;
  // The first is the frame itself. Leaves lend their names: they must not move.
  std::deque<Node> nodes_ = std::deque<Node>(1);
  std::size_t columns_ = 0;
  std::unordered_set<std::string> used_;
  std::vector<Leaf> leaves_;  // of the frame at hand
};

}  // namespace zbag
