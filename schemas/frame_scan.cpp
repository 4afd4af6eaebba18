#include "schemas/frame_scan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "schemas/check.hpp"
#include "schemas/frame_items.hpp"

namespace zbag {
namespace {

// The bytes left to read; every take checks before it moves.
struct Input {
  const std::uint8_t* at;
  const std::uint8_t* end;

  std::size_t left() const { return static_cast<std::size_t>(end - at); }
  bool skip(std::size_t count) {
    if (left() < count) return false;
    at += count;
    return true;
  }
  // An unsigned big-endian number of `size` bytes.
  bool take(std::size_t size, std::uint32_t& value) {
    if (left() < size) return false;
    value = size == 1 ? *at : size == 2 ? load_be<std::uint16_t>(at) : load_be<std::uint32_t>(at);
    at += size;
    return true;
  }
};

bool take_str(Input& input, std::string_view& text) {
  if (input.left() == 0) return false;
  const unsigned lead = *input.at++;
  std::uint32_t length = lead & 0x1fu;
  if (lead >= 0xd9 && lead <= 0xdb) {
    if (!input.take(std::size_t{1} << (lead - 0xd9), length)) return false;
  }
  if (input.left() < length) return false;
  text = {reinterpret_cast<const char*>(input.at), length};
  input.at += length;
  return true;
}

bool is_str(std::uint8_t lead) { return (lead & 0xe0u) == 0xa0u || (lead >= 0xd9 && lead <= 0xdb); }

// What is open around the item being read: items left, and whether they are a map's.
struct Level {
  std::uint64_t items_left;  // keys and values counted apart
  bool is_map;
};

// Enters a container of `count` items or pairs. Every item needs a byte at least, so a count
// beyond the bytes left is a lie found before anything is walked.
std::optional<Refusal> open_level(std::array<Level, kFrameDepthMax>& levels, int& depth,
                                  std::uint32_t count, bool is_map, const Input& input) {
  const std::uint64_t items = is_map ? std::uint64_t{count} * 2 : count;
  if (items > input.left()) return Refusal::kTruncated;
  if (depth == kFrameDepthMax) return Refusal::kTooDeep;
  levels[static_cast<std::size_t>(depth++)] = {items, is_map};
  return std::nullopt;
}

// Skips one whole value. `depth` containers are open around it already.
std::optional<Refusal> skip_value(Input& input, int depth) {
  std::array<Level, kFrameDepthMax> levels;
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
        if (input.left() == 0) return Refusal::kTruncated;
        if (!is_str(*input.at)) return Refusal::kBadKey;
      }
    }
    if (input.left() == 0) return Refusal::kTruncated;
    const std::uint8_t lead = *input.at++;
    const ItemShape shape = kItemShapes[lead];
    std::uint32_t count = 0;
    std::optional<Refusal> refusal;
    switch (shape.form) {
      case ItemForm::kFixed:
        if (!input.skip(shape.bytes)) return Refusal::kTruncated;
        break;
      case ItemForm::kFixStr:
        if (!input.skip(lead & 0x1fu)) return Refusal::kTruncated;
        break;
      case ItemForm::kSized8:
      case ItemForm::kSized16:
      case ItemForm::kSized32: {
        const auto size = std::size_t{1}
                          << (static_cast<int>(shape.form) - static_cast<int>(ItemForm::kSized8));
        if (!input.take(size, count)) return Refusal::kTruncated;
        if (!input.skip(std::size_t{count} + shape.bytes)) return Refusal::kTruncated;
        break;
      }
      case ItemForm::kFixArray:
        refusal = open_level(levels, depth, lead & 0x0fu, false, input);
        break;
      case ItemForm::kFixMap:
        refusal = open_level(levels, depth, lead & 0x0fu, true, input);
        break;
      case ItemForm::kArray16:
      case ItemForm::kMap16:
        if (!input.take(2, count)) return Refusal::kTruncated;
        refusal = open_level(levels, depth, count, shape.form == ItemForm::kMap16, input);
        break;
      case ItemForm::kArray32:
      case ItemForm::kMap32:
        if (!input.take(4, count)) return Refusal::kTruncated;
        refusal = open_level(levels, depth, count, shape.form == ItemForm::kMap32, input);
        break;
      case ItemForm::kNever:
        return Refusal::kBadType;
    }
    if (refusal) return refusal;
  } while (depth > floor);
  return std::nullopt;
}

// REQUIRES: the value is a whole number item.
std::optional<double> number_of(std::span<const std::uint8_t> value) {
  const std::uint8_t lead = value[0];
  const std::uint8_t* at = value.data() + 1;
  if (lead < 0x80) return lead;
  if (lead >= 0xe0) return static_cast<std::int8_t>(lead);
  switch (lead) {
    case 0xca:
      return std::bit_cast<float>(load_be<std::uint32_t>(at));
    case 0xcb:
      return std::bit_cast<double>(load_be<std::uint64_t>(at));
    case 0xcc:
      return *at;
    case 0xcd:
      return load_be<std::uint16_t>(at);
    case 0xce:
      return load_be<std::uint32_t>(at);
    case 0xcf:
      return static_cast<double>(load_be<std::uint64_t>(at));
    case 0xd0:
      return static_cast<std::int8_t>(*at);
    case 0xd1:
      return static_cast<std::int16_t>(load_be<std::uint16_t>(at));
    case 0xd2:
      return static_cast<std::int32_t>(load_be<std::uint32_t>(at));
    case 0xd3:
      return static_cast<double>(static_cast<std::int64_t>(load_be<std::uint64_t>(at)));
    default:
      return std::nullopt;
  }
}

// MessagePack timestamp, ext type -1, in its three sizes.
std::optional<Timestamp> extension_stamp(std::span<const std::uint8_t> value) {
  const std::uint8_t* at = value.data();
  if (at[0] == 0xd6 && at[1] == 0xff)
    return Timestamp::from_parts(load_be<std::uint32_t>(at + 2), 0);
  if (at[0] == 0xd7 && at[1] == 0xff) {
    const std::uint64_t packed = load_be<std::uint64_t>(at + 2);
    return Timestamp::from_parts(static_cast<std::int64_t>(packed & 0x3ffffffffULL),
                                 static_cast<std::uint32_t>(packed >> 34));
  }
  if (at[0] == 0xc7 && at[1] == 12 && at[2] == 0xff) {
    return Timestamp::from_parts(static_cast<std::int64_t>(load_be<std::uint64_t>(at + 7)),
                                 load_be<std::uint32_t>(at + 3));
  }
  return std::nullopt;
}

// A quick hash of every byte of a key; the top bits are the best mixed. `readable` bytes may be
// read at `key`, which spares short keys a loop.
std::uint64_t key_hash(std::string_view key, std::size_t readable) {
  constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15ULL;
  std::uint64_t hash = key.size() * kPrime;
  const char* at = key.data();
  std::size_t left = key.size();
  std::uint64_t word = 0;
  for (; left >= 8; at += 8, left -= 8) {
    std::memcpy(&word, at, 8);
    hash = (std::rotl(hash, 23) ^ word) * kPrime;
  }
  if (left == 0) return hash;
  if (readable >= key.size() - left + 8) {
    std::memcpy(&word, at, 8);
    word &= ~std::uint64_t{0} >> (64 - 8 * left);
  } else {
    word = 0;
    std::memcpy(&word, at, left);
  }
  return (std::rotl(hash, 23) ^ word) * kPrime;
}

// What a value is, apart from its size: all forms of int alike, all of str...
unsigned type_class(std::uint8_t lead) {
  if (lead < 0x80 || lead >= 0xe0 || (lead >= 0xcc && lead <= 0xd3)) return 1;
  if (lead < 0x90 || lead == 0xde || lead == 0xdf) return 2;
  if (lead < 0xa0 || lead == 0xdc || lead == 0xdd) return 3;
  if (lead < 0xc0 || (lead >= 0xd9 && lead <= 0xdb)) return 4;
  if (lead >= 0xc4 && lead <= 0xc6) return 5;
  if (lead == 0xca) return 6;
  if (lead == 0xcb) return 7;
  if (lead == 0xc0) return 8;
  return lead == 0xc2 || lead == 0xc3 ? 9 : 10;
}

// Tells whether a key came before, without allocating for the first 64: a bit per hash says "surely
// new" nearly always, else the earlier keys are compared.
class KeysSeen {
 public:
  KeysSeen() {}  // NOLINT(modernize-use-equals-default): the arrays stay unset on purpose

  // `hash` is key_hash(key). False: it came before.
  bool add(std::string_view key, std::uint64_t hash) {
    const std::uint64_t bit = std::uint64_t{1} << (hash >> 58);
    const bool is_new = (bits_ & bit) == 0 || !contains(key, hash);
    bits_ |= bit;
    if (count_ < kFew) {
      hashes_[count_] = hash;
      keys_[count_++] = {key.data(), key.size()};
    } else {
      many_.push_back(key);
    }
    return is_new;
  }
  // Settles what add() left open: keys beyond the first 64 are compared once, sorted.
  bool all_differ() {
    if (many_.empty()) return true;
    for (const Key& key : keys_) many_.emplace_back(key.data, key.size);
    std::sort(many_.begin(), many_.end());
    return std::adjacent_find(many_.begin(), many_.end()) == many_.end();
  }

 private:
  bool contains(std::string_view key, std::uint64_t hash) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (hash == hashes_[i] && key == std::string_view(keys_[i].data, keys_[i].size)) return true;
    }
    return false;
  }

  static constexpr std::size_t kFew = 64;
  struct Key {  // trivial, so that a scan does not begin by clearing a kilobyte
    const char* data;
    std::size_t size;
  };
  std::array<std::uint64_t, kFew> hashes_;
  std::array<Key, kFew> keys_;
  std::size_t count_ = 0;
  std::uint64_t bits_ = 0;
  std::vector<std::string_view> many_;
};

// Notes a reserved field. True when it is one that is not stored among the fields of the point.
bool note_reserved(std::string_view key, std::span<const std::uint8_t> value, FrameScan& scan,
                   bool& bad_stamp) {
  if (key == "_ts") {
    bad_stamp = !read_stamp(value, scan);
    return true;
  }
  if (key == "_seq") {
    scan.seq = unsigned_of(value);
    return scan.seq.has_value();
  }
  if (key == "_src") {
    scan.src = unsigned_of(value);
    return scan.src.has_value();
  }
  if (key == "_latch") scan.latch = value[0] == 0xc3;
  return false;
}

void extend_ranges(FrameScan& scan, std::size_t begin, std::size_t end) {
  const auto from = static_cast<std::uint32_t>(begin);
  if (scan.range_count > 0 && scan.ranges[scan.range_count - 1u].end == from) {
    scan.ranges[scan.range_count - 1u].end = static_cast<std::uint32_t>(end);
  } else {
    scan.ranges[scan.range_count++] = {from, static_cast<std::uint32_t>(end)};
  }
}

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
  std::array<std::uint8_t, 5> header;
  append(out, std::span(header).first(write_map_header(count, header.data())));
  out += merged;
}

}  // namespace

bool read_stamp(std::span<const std::uint8_t> value, FrameScan& scan) {
  const std::optional<double> number = number_of(value);
  if (number && *number == -1.0) {
    scan.stamp_kind = StampKind::kInherit;
    return true;
  }
  const std::optional<Timestamp> stamp =
      number ? Timestamp::from_seconds(*number) : extension_stamp(value);
  if (!stamp) return false;
  scan.stamp_kind = StampKind::kGiven;
  scan.stamp = *stamp;
  return true;
}

std::optional<std::uint64_t> unsigned_of(std::span<const std::uint8_t> value) {
  const std::uint8_t lead = value[0];
  if (lead < 0x80) return lead;
  switch (lead) {
    case 0xcc:
      return value[1];
    case 0xcd:
      return load_be<std::uint16_t>(value.data() + 1);
    case 0xce:
      return load_be<std::uint32_t>(value.data() + 1);
    case 0xcf:
      return load_be<std::uint64_t>(value.data() + 1);
    default:
      return std::nullopt;
  }
}

const char* refusal_name(Refusal refusal) {
  static constexpr std::array<const char*, kRefusalCount> kNames = {
      "not_a_map",          "trailing_bytes", "duplicate_key", "bad_timestamp", "bad_name",
      "too_deep",           "too_large",      "truncated",     "bad_key",       "bad_type",
      "nothing_to_inherit", "no_timestamp",   "late",          "bad_message",   "too_many_tracks"};
  return kNames[static_cast<std::size_t>(refusal)];
}

std::optional<MapBytes> open_map(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return std::nullopt;
  const unsigned lead = bytes[0];
  if ((lead & 0xf0u) == 0x80u) return MapBytes{lead & 0x0fu, bytes.subspan(1)};
  if (lead == 0xde && bytes.size() >= 3) {
    return MapBytes{load_be<std::uint16_t>(bytes.data() + 1), bytes.subspan(3)};
  }
  if (lead == 0xdf && bytes.size() >= 5) {
    return MapBytes{load_be<std::uint32_t>(bytes.data() + 1), bytes.subspan(5)};
  }
  return std::nullopt;
}

std::string type_text(std::span<const std::uint8_t> value) {
  static constexpr std::array<const char*, 11> kNames = {
      "", "int", "map", "array", "str", "bin", "float32", "float64", "nil", "bool", "ext"};
  const std::uint8_t lead = value[0];
  const unsigned kind = type_class(lead);
  if (kind != 3) return kNames[kind];
  const std::size_t header = lead == 0xdc ? 3 : lead == 0xdd ? 5 : 1;
  if (value.size() == header) return kNames[kind];
  return std::string(kNames[type_class(value[header])]) + "[]";
}

std::size_t write_map_header(std::uint32_t count, std::uint8_t* out) {
  if (count < 16) {
    out[0] = static_cast<std::uint8_t>(0x80u | count);
    return 1;
  }
  if (count <= 0xffff) {
    out[0] = 0xde;
    out[1] = static_cast<std::uint8_t>(count >> 8);
    out[2] = static_cast<std::uint8_t>(count);
    return 3;
  }
  out[0] = 0xdf;
  for (int i = 0; i < 4; ++i) out[1 + i] = static_cast<std::uint8_t>(count >> (24 - 8 * i));
  return 5;
}

ScanOutcome scan_frame(std::span<const std::uint8_t> bytes) {
  ScanOutcome outcome;
  const auto refuse = [&](Refusal refusal) {
    outcome.refusal = refusal;
    return outcome;
  };
  if (bytes.size() > kFrameBytesMax) return refuse(Refusal::kTooLarge);
  if (bytes.empty()) return refuse(Refusal::kTruncated);
  const std::optional<MapBytes> map = open_map(bytes);
  if (!map)
    return refuse(bytes[0] == 0xde || bytes[0] == 0xdf ? Refusal::kTruncated : Refusal::kNotAMap);
  Input input{map->pairs.data(), bytes.data() + bytes.size()};
  if (std::uint64_t{map->count} * 2 > input.left()) return refuse(Refusal::kTruncated);

  KeysSeen keys;
  bool bad_stamp = false;
  FrameScan& scan = outcome.scan;
  scan.fields = map->count;
  for (std::uint32_t i = 0; i < map->count; ++i) {
    const std::uint8_t* const pair = input.at;
    if (input.left() == 0) return refuse(Refusal::kTruncated);
    if (!is_str(*pair)) return refuse(Refusal::kBadKey);
    std::string_view key;
    if (!take_str(input, key)) return refuse(Refusal::kTruncated);
    const std::uint64_t hash = key_hash(
        key,
        static_cast<std::size_t>(input.end - reinterpret_cast<const std::uint8_t*>(key.data())));
    if (!keys.add(key, hash)) return refuse(Refusal::kDuplicateKey);
    const std::uint8_t* const value = input.at;
    if (input.left() >= 9 && *value == 0xcb) {
      input.at += 9;  // a float64, by far the most frequent value, without the detour
    } else if (const std::optional<Refusal> refusal = skip_value(input, 1)) {
      return refuse(*refusal);
    }
    const bool is_reserved =
        !key.empty() && key[0] == '_' && note_reserved(key, {value, input.at}, scan, bad_stamp);
    if (is_reserved) {
      --scan.fields;
    } else {
      scan.shape =
          (std::rotl(scan.shape, 5) ^ hash ^ type_class(*value)) * 0x9e3779b97f4a7c15ULL | 1u;
      extend_ranges(scan, static_cast<std::size_t>(pair - bytes.data()),
                    static_cast<std::size_t>(input.at - bytes.data()));
    }
  }
  if (!keys.all_differ()) return refuse(Refusal::kDuplicateKey);
  if (input.left() > 0) return refuse(Refusal::kTrailingBytes);
  // Last: whoever only decodes may pass over a bad stamp, but over nothing else.
  if (bad_stamp) return refuse(Refusal::kBadTimestamp);
  return outcome;
}

std::optional<std::size_t> value_size(std::span<const std::uint8_t> bytes) {
  Input input{bytes.data(), bytes.data() + bytes.size()};
  if (skip_value(input, 0)) return std::nullopt;
  return bytes.size() - input.left();
}

std::optional<PairBytes> PairWalk::next() {
  if (left_ == 0) return std::nullopt;
  --left_;
  Input input{rest_.data(), rest_.data() + rest_.size()};
  PairBytes pair;
  ZBAG_CHECK(take_str(input, pair.name));
  const std::uint8_t* const value = input.at;
  ZBAG_CHECK(!skip_value(input, 0));
  pair.value = {value, input.at};
  pair.pair = {rest_.data(), input.at};
  rest_ = rest_.subspan(pair.pair.size());
  return pair;
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
