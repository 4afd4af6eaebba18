#include "schemas/map_bytes.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "schemas/check.hpp"
#include "schemas/item.hpp"
#include "schemas/put_item.hpp"

namespace zbag {
namespace {

// The pairs of a map, findable by name: in order while they are few, sorted when they are many, so
// that merging two maps of n keys never costs n * n.
class PairIndex {
 public:
  explicit PairIndex(MapBytes map) {
    pairs_.reserve(std::min<std::size_t>(map.count, map.pairs.size() / 2));
    PairWalk walk(map.pairs, map.count);
    while (const std::optional<PairBytes> pair = walk.next()) pairs_.push_back(*pair);
    if (pairs_.size() <= kFew) return;
    sorted_ = pairs_;
    std::sort(sorted_.begin(), sorted_.end(), by_name);
  }
  const std::vector<PairBytes>& pairs() const { return pairs_; }
  const PairBytes* find(std::string_view name) const {
    if (sorted_.empty()) {
      const auto it = std::find_if(pairs_.begin(), pairs_.end(),
                                   [&](const PairBytes& pair) { return pair.name == name; });
      return it == pairs_.end() ? nullptr : &*it;
    }
    const auto it =
        std::lower_bound(sorted_.begin(), sorted_.end(), PairBytes{name, {}, {}}, by_name);
    return it == sorted_.end() || it->name != name ? nullptr : &*it;
  }

 private:
  static constexpr std::size_t kFew = 16;
  static bool by_name(const PairBytes& a, const PairBytes& b) { return a.name < b.name; }

  std::vector<PairBytes> pairs_;
  std::vector<PairBytes> sorted_;
};

bool same_bytes(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void append(std::string& out, std::span<const std::uint8_t> bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// The value both sides hold, merged: maps key by key when `deep`, else the later one.
void merge_value(const PairBytes& earlier, const PairBytes& later, bool deep, std::string& out,
                 std::uint64_t& overwritten) {
  const std::optional<MapBytes> map_a = deep ? open_map(earlier.value) : std::nullopt;
  const std::optional<MapBytes> map_b = deep ? open_map(later.value) : std::nullopt;
  if (!map_a || !map_b) {
    if (!same_bytes(earlier.value, later.value)) ++overwritten;
    append(out, later.pair);
    return;
  }
  const std::size_t key_bytes = earlier.pair.size() - earlier.value.size();
  append(out, earlier.pair.first(key_bytes));
  std::string merged;
  const std::uint32_t count = merge_pairs(*map_a, *map_b, true, merged, overwritten);
  append_map({count, {reinterpret_cast<const std::uint8_t*>(merged.data()), merged.size()}}, out);
}

}  // namespace

std::optional<MapBytes> open_map(std::span<const std::uint8_t> bytes) {
  item::Cursor in(bytes);
  std::uint32_t count = 0;
  if (!item::take_map(in, count)) return std::nullopt;
  return MapBytes{count, {in.at, in.end}};
}

void append_map(MapBytes map, std::string& out) {
  std::array<std::uint8_t, item::kHeadMax> head;
  std::uint8_t* at = head.data();
  item::put_map(at, map.count);
  append(out, {head.data(), at});
  append(out, map.pairs);
}

std::optional<PairBytes> PairWalk::next() {
  if (left_ == 0) return std::nullopt;
  --left_;
  item::Cursor in(rest_);
  PairBytes pair;
  std::span<const std::uint8_t> name;
  ZBAG_CHECK(item::take_text(in, name));
  ZBAG_CHECK(item::take_whole(in, pair.value));
  pair.name = {reinterpret_cast<const char*>(name.data()), name.size()};
  pair.pair = {rest_.data(), in.at};
  rest_ = rest_.subspan(pair.pair.size());
  return pair;
}

std::string type_text(std::span<const std::uint8_t> value) {
  static constexpr std::array<const char*, 11> kNames = {
      "never", "map", "array", "int", "str", "bin", "float32", "float64", "nil", "bool", "ext"};
  const auto name_at = [](const item::Cursor& in) {
    return kNames[static_cast<std::size_t>(item::kLeads[*in.at].type)];
  };
  item::Cursor in(value);
  const char* const name = name_at(in);
  std::uint32_t count = 0;
  if (!item::take_array(in, count) || in.left() == 0) return name;
  return std::string(name_at(in)) + "[]";
}

std::uint32_t merge_pairs(MapBytes earlier, MapBytes later, bool deep, std::string& out,
                          std::uint64_t& overwritten) {
  const PairIndex first(earlier);
  const PairIndex second(later);
  std::uint32_t count = earlier.count;
  for (const PairBytes& pair : first.pairs()) {
    if (const PairBytes* winner = second.find(pair.name)) {
      merge_value(pair, *winner, deep, out, overwritten);
    } else {
      append(out, pair.pair);
    }
  }
  for (const PairBytes& pair : second.pairs()) {
    if (first.find(pair.name) != nullptr) continue;
    append(out, pair.pair);
    ++count;
  }
  return count;
}

}  // namespace zbag
