#include "player/query/diff/map_leaves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "schemas/item.hpp"

namespace zbag {
namespace {

struct Leaf {
  std::string path;
  std::span<const std::uint8_t> value;
};

constexpr std::size_t kPathBytesMax = 64u
                                      << 20;  // of the leaves of a point, as much as a frame has

// Depth is bounded by the grammar.
class LeafWalk {
 public:
  LeafWalk(const LeafChoice& choice, std::vector<Leaf>& leaves)
      : choice_(choice), leaves_(leaves) {}

  // False: the leaves are too many for the length of their paths.
  bool take(const MapBytes& map) {
    const std::size_t path_size = path_.size();
    const std::size_t dotted_size = dotted_.size();
    PairWalk walk(map.pairs, map.count);
    while (const std::optional<PairBytes> pair = walk.next()) {
      append_to_path(path_, pair->name);
      if (!choice_.takes_all()) {
        if (dotted_size > 0) dotted_ += '.';
        dotted_ += pair->name;
      }
      const std::optional<MapBytes> inner = open_map(pair->value);
      if (inner && inner->count > 0) {
        if (!take(*inner)) return false;
      } else if (choice_.takes_all() || choice_.takes(dotted_)) {
        path_bytes_ += path_.size();
        if (path_bytes_ > kPathBytesMax) return false;
        leaves_.push_back({path_, pair->value});
      }
      path_.resize(path_size);
      dotted_.resize(dotted_size);
    }
    return true;
  }

 private:
  const LeafChoice& choice_;
  std::vector<Leaf>& leaves_;
  std::string path_;
  std::string dotted_;
  std::size_t path_bytes_ = 0;  // of all leaves
};

// nullopt: their paths are larger than kPathBytesMax.
std::optional<std::vector<Leaf>> leaves_of(const MapBytes& map, const LeafChoice& choice) {
  std::vector<Leaf> leaves;
  if (!LeafWalk(choice, leaves).take(map)) return std::nullopt;
  return leaves;
}

// The leaves of a point by their paths, which mostly stand where those of the other point do.
class LeafFinder {
 public:
  explicit LeafFinder(const std::vector<Leaf>& leaves)
      : leaves_(leaves), is_found_(leaves.size()) {}

  // nullptr: there is none that was not found before.
  const Leaf* find(const std::string& path) {
    if (next_ < leaves_.size() && !is_found_[next_] && leaves_[next_].path == path)
      return take(next_);
    if (by_path_.empty()) {
      for (std::size_t i = 0; i < leaves_.size(); ++i) by_path_.emplace(leaves_[i].path, i);
    }
    const auto known = by_path_.find(path);
    return known == by_path_.end() || is_found_[known->second] ? nullptr : take(known->second);
  }
  bool was_found(std::size_t leaf) const { return is_found_[leaf]; }

 private:
  const Leaf* take(std::size_t leaf) {
    is_found_[leaf] = true;
    next_ = leaf + 1;
    return &leaves_[leaf];
  }

  const std::vector<Leaf>& leaves_;
  std::vector<bool> is_found_;
  std::size_t next_ = 0;
  std::unordered_map<std::string_view, std::size_t> by_path_;  // filled when it is asked
};

// Where two lists of one length first differ, as items; nullopt: they are none, or nowhere do.
struct ItemPair {
  std::size_t index;
  std::span<const std::uint8_t> a;
  std::span<const std::uint8_t> b;
};
std::optional<ItemPair> first_unlike(std::span<const std::uint8_t> a,
                                     std::span<const std::uint8_t> b, const Likeness& likeness) {
  item::Cursor in_a(a);
  item::Cursor in_b(b);
  std::uint32_t count_a = 0;
  std::uint32_t count_b = 0;
  if (!item::take_array(in_a, count_a) || !item::take_array(in_b, count_b) || count_a != count_b)
    return std::nullopt;
  for (std::size_t i = 0; i < count_a; ++i) {
    ItemPair pair{i, {}, {}};
    if (!item::take_whole(in_a, pair.a) || !item::take_whole(in_b, pair.b)) return std::nullopt;
    if (!likeness.are_alike(pair.a, pair.b)) return pair;
  }
  return std::nullopt;
}

}  // namespace

void append_to_path(std::string& path, std::string_view name) {
  if (!path.empty()) path += '.';
  if (!name.empty() && name.find_first_of(".\"") == std::string_view::npos) {
    path += name;
    return;
  }
  path += '"';
  for (const char c : name) {
    if (c == '"') path += '"';
    path += c;
  }
  path += '"';
}

std::string path_of(const std::vector<std::string>& names) {
  std::string path;
  for (const std::string& name : names) append_to_path(path, name);
  return path;
}

bool LeafChoice::takes(std::string_view dotted) const {
  return takes_all() || std::ranges::any_of(columns_, [&](const std::string& column) {
           return dotted.starts_with(column) &&
                  (dotted.size() == column.size() || dotted[column.size()] == '.');
         });
}

std::optional<std::vector<LeafPair>> unlike_leaves(const MapBytes& a, const MapBytes& b,
                                                   const Likeness& likeness,
                                                   const LeafChoice& choice) {
  const auto found_a = leaves_of(a, choice);
  const auto found_b = leaves_of(b, choice);
  if (!found_a || !found_b) return std::nullopt;
  const std::vector<Leaf>& leaves_a = *found_a;
  const std::vector<Leaf>& leaves_b = *found_b;
  LeafFinder finder(leaves_b);
  std::vector<LeafPair> pairs;
  for (const Leaf& leaf : leaves_a) {
    const Leaf* const other = finder.find(leaf.path);
    if (other == nullptr) {
      pairs.push_back({leaf.path, leaf.value, {}});
    } else if (!likeness.are_alike(leaf.value, other->value)) {
      pairs.push_back({leaf.path, leaf.value, other->value});
    }
  }
  for (std::size_t i = 0; i < leaves_b.size(); ++i) {
    if (!finder.was_found(i)) pairs.push_back({leaves_b[i].path, {}, leaves_b[i].value});
  }
  return pairs;
}

LeafPair first_unlike_item(LeafPair pair, const Likeness& likeness) {
  while (const std::optional<ItemPair> inner = first_unlike(pair.a, pair.b, likeness)) {
    pair.path += fmt::format("[{}]", inner->index);
    pair.a = inner->a;
    pair.b = inner->b;
  }
  return pair;
}

}  // namespace zbag
