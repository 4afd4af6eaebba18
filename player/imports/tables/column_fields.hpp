// The columns of a table as fields of a frame: `a.b` is the field b in the map a, as `export` has
// flattened it. A name stays as it is where it can not come apart so: `a` is a column itself, or
// there are empty names between its dots, or very many.
//
//   ColumnFields fields(names);
//   fields.append_map(values, out);  // MessagePack values, in the order of the names
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zbag {

class ColumnFields {
 public:
  // REQUIRES: each is another one, and UTF-8.
  explicit ColumnFields(const std::vector<std::string>& names);
  // By the names of the maps around it, and then its own. REQUIRES: each is another one, none lies
  // in another one, and none is as deep as item::kDepthMax.
  explicit ColumnFields(const std::vector<std::vector<std::string>>& paths);

  // Appends the map. A value that is empty is none; a map without values is none, too.
  void append_map(const std::vector<std::string_view>& values, std::string& out);

 private:
  static constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);
  struct Node {
    std::string name;
    std::size_t column = kNoColumn;          // of what is no map
    std::vector<std::size_t> children = {};  // of a map
    std::size_t present = 0;                 // of these, in the row at hand
  };

  void add(const std::vector<std::string_view>& path, std::size_t column);
  bool count(Node& node, const std::vector<std::string_view>& values);
  void append(const Node& node, const std::vector<std::string_view>& values, std::string& out);

  std::map<std::pair<std::size_t, std::string>, std::size_t> maps_;  // by what is around them
  std::vector<Node> nodes_ = std::vector<Node>(1);                   // the first is the frame
};

// The path that a list of names in JSON is, as `export` says what a column is of. nullopt: it is
// none, or too deep.
std::optional<std::vector<std::string>> path_of_json(std::string_view json);
// Why such paths can not all be of one frame, as a phrase; null: they can.
const char* fault_of(const std::vector<std::vector<std::string>>& paths);

// `values`: the pieces of `items` that end there, one behind another.
void put_views(std::string_view items, const std::vector<std::size_t>& ends,
               std::vector<std::string_view>& values);

// The names of fields that `export` has given these names of columns, where its own are.
std::vector<std::string> names_before_export(std::vector<std::string> columns);

}  // namespace zbag
