#include "schemas/item.hpp"

#include <algorithm>

namespace zbag::item {
namespace {

// What is open around the item being read: items left, and whether they are a map's.
struct Level {
  std::uint64_t items_left;  // keys and values counted apart
  bool is_map;
};

// Enters a container of `count` items or pairs. Every item needs a byte at least, so a count
// beyond the bytes left is a lie found before anything is walked.
Fault open_level(std::array<Level, kDepthMax>& levels, int& depth, std::uint32_t count, bool is_map,
                 const Cursor& in, std::uint64_t& items_left) {
  const std::uint64_t items = is_map ? std::uint64_t{count} * 2 : count;
  if (items > in.left()) return Fault::kTruncated;
  if (items > items_left) return Fault::kTooMany;
  items_left -= items;
  if (depth == kDepthMax) return Fault::kTooDeep;
  levels[static_cast<std::size_t>(depth++)] = {items, is_map};
  return Fault::kNone;
}

// Passes over floats of one size behind each other, of which most long lists are made; says how
// many of at most `items` there were.
std::uint64_t skip_floats(Cursor& in, std::uint64_t items) {
  constexpr std::uint64_t kStep = 16;  // without a way out in it: the compiler makes vectors of it
  if (in.left() == 0 || (*in.at != kFloat32 && *in.at != kFloat64)) return 0;
  const std::uint8_t lead = *in.at;
  const std::size_t size = std::size_t{1} + kLeads[lead].held;
  const std::uint64_t most = std::min<std::uint64_t>(items, in.left() / size);
  std::uint64_t skipped = 0;
  while (skipped + kStep <= most) {
    unsigned differing = 0;
    for (std::uint64_t i = 0; i < kStep; ++i) differing |= in.at[i * size] ^ unsigned { lead };
    if (differing != 0) break;
    in.at += kStep * size;
    skipped += kStep;
  }
  for (; skipped < most && *in.at == lead; ++skipped) in.at += size;
  return skipped;
}

}  // namespace

Fault skip(Cursor& in, int depth) {
  std::uint64_t unlimited = UINT64_MAX;
  return skip(in, depth, unlimited);
}

Fault skip(Cursor& in, int depth, std::uint64_t& items_left) {
  std::array<Level, kDepthMax> levels;
  const int floor = depth;
  do {
    if (depth > floor) {
      Level& level = levels[static_cast<std::size_t>(depth - 1)];
      if (level.items_left == 0) {
        --depth;
        continue;
      }
      const bool is_key = level.is_map && level.items_left % 2 == 0;
      --level.items_left;
      if (is_key) {
        if (in.left() == 0) return Fault::kTruncated;
        if (!in.is_at(Type::kText)) return Fault::kBadKey;
      }
    }
    if (in.left() == 0) return Fault::kTruncated;
    const Lead lead = kLeads[*in.at];
    if (lead.type >= Type::kInt && lead.length == 0) {  // most items: of a size the lead tells
      const std::size_t size = std::size_t{lead.head} + lead.held;
      if (in.left() < size) return Fault::kTruncated;
      in.at += size;
      continue;
    }
    if (lead.type == Type::kNever) return Fault::kBadType;
    Type type = Type::kNever;
    std::uint32_t held = 0;
    if (!take_head(in, type, held)) return Fault::kTruncated;
    if (lead.type >= Type::kInt) {
      if (in.left() < held) return Fault::kTruncated;
      in.at += held;
      continue;
    }
    const Fault fault = open_level(levels, depth, held, type == Type::kMap, in, items_left);
    if (fault != Fault::kNone) return fault;
    if (type == Type::kArray)
      levels[static_cast<std::size_t>(depth - 1)].items_left -= skip_floats(in, held);
  } while (depth > floor);
  return Fault::kNone;
}

bool take_whole(Cursor& in, std::span<const std::uint8_t>& bytes) {
  const std::uint8_t* const begin = in.at;
  if (skip(in) != Fault::kNone) return false;
  bytes = {begin, in.at};
  return true;
}

}  // namespace zbag::item
