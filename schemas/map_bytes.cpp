#include "schemas/map_bytes.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "schemas/check.hpp"
#include "schemas/item.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

std::vector<PairBytes> pairs_by_name(MapBytes map) {
  std::vector<PairBytes> pairs;
  pairs.reserve(std::min<std::size_t>(map.count, map.pairs.size() / 2));
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) pairs.push_back(*pair);
  std::ranges::stable_sort(pairs, {}, &PairBytes::name);
  return pairs;
}

bool same_bytes(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

bool same_items(item::Cursor& a, item::Cursor& b);

bool same_arrays(item::Cursor& a, item::Cursor& b) {
  std::uint32_t count_a = 0;
  std::uint32_t count_b = 0;
  if (!item::take_array(a, count_a) || !item::take_array(b, count_b) || count_a != count_b)
    return false;
  for (std::uint32_t i = 0; i < count_a; ++i) {
    if (!same_items(a, b)) return false;
  }
  return true;
}

// Pairs in any order; of a name that is there twice, in the order they stand in.
bool same_maps(MapBytes a, MapBytes b) {
  if (a.count != b.count) return false;
  return std::ranges::equal(pairs_by_name(a), pairs_by_name(b), [](const auto& x, const auto& y) {
    return x.name == y.name && same_value(x.value, y.value);
  });
}

// Moves both cursors behind what is the same; where it is not they stay anywhere.
bool same_items(item::Cursor& a, item::Cursor& b) {
  const item::Type type = item::kLeads[*a.at].type;
  if (type != item::kLeads[*b.at].type) return false;
  if (type == item::Type::kArray) return same_arrays(a, b);
  std::span<const std::uint8_t> whole_a;
  std::span<const std::uint8_t> whole_b;
  ZBAG_CHECK(item::take_whole(a, whole_a) && item::take_whole(b, whole_b));
  if (same_bytes(whole_a, whole_b)) return true;
  item::Cursor in_a(whole_a);
  item::Cursor in_b(whole_b);
  if (type == item::Type::kMap) return same_maps(*open_map(whole_a), *open_map(whole_b));
  if (type == item::Type::kInt) {
    std::uint64_t bits_a = 0;
    std::uint64_t bits_b = 0;
    bool above_a = false;
    bool above_b = false;
    return item::take_int(in_a, bits_a, above_a) && item::take_int(in_b, bits_b, above_b) &&
           bits_a == bits_b && above_a == above_b;
  }
  // One text may have heads of two lengths; of the others the bytes are the value.
  if (type == item::Type::kExtension) {
    std::int8_t kind_a = 0;
    std::int8_t kind_b = 0;
    return item::take_extension(in_a, kind_a, whole_a) &&
           item::take_extension(in_b, kind_b, whole_b) && kind_a == kind_b &&
           same_bytes(whole_a, whole_b);
  }
  const bool has_head = type == item::Type::kText || type == item::Type::kBinary;
  return has_head && item::take_bytes_of(type, in_a, whole_a) &&
         item::take_bytes_of(type, in_b, whole_b) && same_bytes(whole_a, whole_b);
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
  out.append(text_of({head.data(), at}));
  out.append(text_of(map.pairs));
}

std::optional<PairBytes> PairWalk::next() {
  if (left_ == 0) return std::nullopt;
  --left_;
  item::Cursor in(rest_);
  PairBytes pair;
  std::span<const std::uint8_t> name;
  ZBAG_CHECK(item::take_text(in, name));
  ZBAG_CHECK(item::take_whole(in, pair.value));
  pair.name = text_of(name);
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

bool same_value(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  if (same_bytes(a, b)) return true;
  item::Cursor in_a(a);
  item::Cursor in_b(b);
  return same_items(in_a, in_b);
}

}  // namespace zbag
