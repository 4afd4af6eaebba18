#include "schemas/frame_scan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "schemas/item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

// Any number in its forms as a double.
std::optional<double> number_of(std::span<const std::uint8_t> value) {
  item::Cursor in(value);
  double number = 0.0;
  return item::take_number(in, number) ? std::optional(number) : std::nullopt;
}

// MessagePack timestamp, extension type -1, in its three sizes, each in the one form it has.
std::optional<Timestamp> extension_stamp(std::span<const std::uint8_t> value) {
  item::Cursor in(value);
  std::int8_t type = 0;
  std::span<const std::uint8_t> bytes;
  if (!item::take_extension(in, type, bytes) || type != -1) return std::nullopt;
  const std::uint8_t* const at = bytes.data();
  const std::size_t head = value.size() - bytes.size();
  if (bytes.size() == 4 && head == 2)
    return Timestamp::from_parts(item::load_be<std::uint32_t>(at), 0);
  if (bytes.size() == 8 && head == 2) {
    const std::uint64_t packed = item::load_be<std::uint64_t>(at);
    return Timestamp::from_parts(static_cast<std::int64_t>(packed & 0x3ffffffffULL),
                                 static_cast<std::uint32_t>(packed >> 34));
  }
  if (bytes.size() == 12 && head == 3) {
    return Timestamp::from_parts(static_cast<std::int64_t>(item::load_be<std::uint64_t>(at + 4)),
                                 item::load_be<std::uint32_t>(at));
  }
  return std::nullopt;
}

Refusal refusal_of(item::Fault fault) {
  switch (fault) {
    case item::Fault::kTooDeep:
      return Refusal::kTooDeep;
    case item::Fault::kBadKey:
      return Refusal::kBadKey;
    case item::Fault::kBadType:
      return Refusal::kBadType;
    case item::Fault::kTooMany:
      return Refusal::kTooManyItems;
    default:
      return Refusal::kTruncated;
  }
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
  if (key == "_seq" || key == "_src") {
    std::optional<std::uint64_t>& number = key == "_seq" ? scan.seq : scan.src;
    number = read_unsigned(value);
    scan.has_odd_numbering = scan.has_odd_numbering || !number;
    return number.has_value();
  }
  if (key == "_latch") scan.latch = value[0] == item::kTrue;
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
  scan.stamp_is_float32 = value[0] == item::kFloat32;
  return true;
}

std::optional<std::uint64_t> read_unsigned(std::span<const std::uint8_t> value) {
  item::Cursor in(value);
  std::uint64_t number = 0;
  return item::take_unsigned(in, number) ? std::optional(number) : std::nullopt;
}

const char* refusal_name(Refusal refusal) {
  static constexpr std::array<const char*, kRefusalCount> kNames = {
      "not_a_map",          "trailing_bytes", "duplicate_key", "bad_timestamp", "bad_name",
      "too_deep",           "too_large",      "truncated",     "bad_key",       "bad_type",
      "nothing_to_inherit", "no_timestamp",   "late",          "bad_message",   "too_many_tracks",
      "one_part",           "too_many_items"};
  return kNames[static_cast<std::size_t>(refusal)];
}

ScanOutcome scan_frame(std::span<const std::uint8_t> bytes, std::uint32_t items_max) {
  ScanOutcome outcome;
  const auto refuse = [&](Refusal refusal) {
    outcome.refusal = refusal;
    return outcome;
  };
  if (bytes.size() > kFrameBytesMax) return refuse(Refusal::kTooLarge);
  if (bytes.empty()) return refuse(Refusal::kTruncated);
  item::Cursor in(bytes);
  std::uint32_t count = 0;
  if (!in.is_at(item::Type::kMap)) return refuse(Refusal::kNotAMap);
  if (!item::take_map(in, count) || std::uint64_t{count} * 2 > in.left())
    return refuse(Refusal::kTruncated);
  if (std::uint64_t{count} * 2 > items_max) return refuse(Refusal::kTooManyItems);

  std::uint64_t items_left = items_max - std::uint64_t{count} * 2;
  KeysSeen keys;
  bool bad_stamp = false;
  FrameScan& scan = outcome.scan;
  scan.fields = count;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t* const pair = in.at;
    if (in.left() == 0) return refuse(Refusal::kTruncated);
    if (!in.is_at(item::Type::kText)) return refuse(Refusal::kBadKey);
    std::span<const std::uint8_t> name;
    if (!item::take_text(in, name)) return refuse(Refusal::kTruncated);
    const std::string_view key = text_of(name);
    const std::uint64_t hash = key_hash(key, static_cast<std::size_t>(in.end - name.data()));
    if (!keys.add(key, hash)) return refuse(Refusal::kDuplicateKey);
    const std::uint8_t* const value = in.at;
    std::uint64_t bits = 0;
    // A float64, by far the most frequent value, goes without the detour.
    if (!item::take_float64(in, bits)) {
      const item::Fault fault = item::skip(in, 1, items_left);
      if (fault != item::Fault::kNone) return refuse(refusal_of(fault));
    }
    const bool is_reserved =
        !key.empty() && key[0] == '_' && note_reserved(key, {value, in.at}, scan, bad_stamp);
    if (is_reserved) {
      --scan.fields;
    } else {
      const auto type = static_cast<std::uint64_t>(item::kLeads[*value].type);
      scan.shape = (std::rotl(scan.shape, 5) ^ hash ^ type) * 0x9e3779b97f4a7c15ULL | 1u;
      extend_ranges(scan, static_cast<std::size_t>(pair - bytes.data()),
                    static_cast<std::size_t>(in.at - bytes.data()));
    }
  }
  if (!keys.all_differ()) return refuse(Refusal::kDuplicateKey);
  if (in.left() > 0) return refuse(Refusal::kTrailingBytes);
  // Last: whoever only decodes may pass over a bad stamp, but over nothing else.
  if (bad_stamp) return refuse(Refusal::kBadTimestamp);
  return outcome;
}

}  // namespace zbag
