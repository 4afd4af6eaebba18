// The columns of one track's rows (requirements 1.5): nested maps flattened to dotted names, a name
// for every leaf and never one for two of them.
//
// The time of a row is its column `timestamp`; a field of that name is written as `timestamp_`, and
// one that is called so with a `_` more, so that the way back is exact. Names that would collide
// ({"a":{"b":2},"a.b":1}) get a `_` more each, fields of the track before leaves of its maps; a
// leaf keeps the name it was given first. Not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/result.hpp"

namespace zbag {

class RowColumns {
 public:
  static constexpr std::size_t kColumnsMax = 1u << 20;
  using Note = std::function<void(const std::string& text)>;

  RowColumns() = default;
  // `fields`: what is known of the track's fields. `chosen`: see is_chosen_field(). `note`
  // is told, in one line, what is written under another name.
  RowColumns(std::string track, const std::set<std::string>& fields,
             std::vector<std::string> chosen, Note note);

  // The leaves of a frame in order, under the names of their columns. kInvalid: too many columns.
  Result<Fields> flatten(const Fields& fields);

 private:
  Status take(const Fields& fields, Fields& out);
  const std::string& name_of(bool is_field);
  bool is_chosen() const;

  std::string track_;
  std::vector<std::string> chosen_;
  Note note_;
  std::unordered_map<std::string, std::string> names_;  // by path
  std::unordered_set<std::string> used_;
  // Of the leaf at hand: every name with its length before it, and joined by dots.
  std::string path_;
  std::string dotted_;
};

}  // namespace zbag
