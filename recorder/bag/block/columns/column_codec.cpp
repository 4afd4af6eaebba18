#include "recorder/bag/block/columns/column_codec.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace zbag {
namespace {

// On disk: append only. Which integers of a column are above INT64_MAX.
enum class Above : std::uint8_t { kNone = 0, kEveryTopBit = 1, kListed = 2 };
// How texts and other bytes are stored.
enum class Texts : std::uint8_t { kPlain = 0, kDictionary = 1, kPlanes = 2 };

constexpr std::size_t kTextsMax = 256;

// The one length all lists have; 1 when they differ.
std::size_t stride_of(const std::vector<std::uint64_t>& lengths) {
  if (lengths.empty() || lengths[0] == 0) return 1;
  const bool is_constant = std::all_of(lengths.begin(), lengths.end(),
                                       [&](std::uint64_t length) { return length == lengths[0]; });
  return is_constant ? static_cast<std::size_t>(lengths[0]) : 1;
}

bool has_top_bit(std::uint64_t value) { return value >> 63 != 0; }

std::size_t hash_of(std::span<const std::uint8_t> bytes) {
  constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15ULL;
  std::uint64_t hash = bytes.size() * kPrime;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8)
    hash = (std::rotl(hash, 23) ^ byte_io::load<std::uint64_t>(bytes.data() + i)) * kPrime;
  for (; i < bytes.size(); ++i) hash = (std::rotl(hash, 23) ^ bytes[i]) * kPrime;
  return hash >> 54;
}

bool same(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

// The sum of `lengths`; nullopt when it is more than `max`.
bool sum_up(std::span<const std::uint64_t> lengths, std::size_t max, std::size_t& sum) {
  sum = 0;
  for (const std::uint64_t length : lengths) {
    if (length > max - sum) return false;
    sum += static_cast<std::size_t>(length);
  }
  return true;
}

}  // namespace

void ColumnEncoder::encode(ColumnType type, const ColumnValues& values, StreamAdvice advice,
                           RecordForm records, Bytes& out) {
  if (is_list(type)) ints_.encode(values.lengths, 1, advice, out);
  const std::size_t stride = is_list(type) ? stride_of(values.lengths) : 1;
  switch (type) {
    case ColumnType::kNil:
      break;
    case ColumnType::kBool:
      ints_.encode(values.numbers, 1, advice, out);
      break;
    case ColumnType::kInt:
    case ColumnType::kInts:
      encode_ints(values, stride, advice, out);
      break;
    case ColumnType::kFloat32:
    case ColumnType::kFloat32s:
      floats_.encode(values.numbers, FloatSize::k32, stride, advice, out);
      break;
    case ColumnType::kFloat64:
    case ColumnType::kFloat64s:
      floats_.encode(values.numbers, FloatSize::k64, stride, advice, out);
      break;
    case ColumnType::kText:
    case ColumnType::kBinary:
    case ColumnType::kOther:
      encode_bytes(values, advice, records, out);
      break;
  }
}

void ColumnEncoder::encode_ints(const ColumnValues& values, std::size_t stride, StreamAdvice advice,
                                Bytes& out) {
  if (values.numbers.empty()) return;
  const auto& above = values.unsigned_at;
  if (above.empty()) {
    out.push_back(static_cast<std::uint8_t>(Above::kNone));
  } else if (static_cast<std::size_t>(std::count_if(values.numbers.begin(), values.numbers.end(),
                                                    has_top_bit)) == above.size()) {
    out.push_back(static_cast<std::uint8_t>(Above::kEveryTopBit));
  } else {
    out.push_back(static_cast<std::uint8_t>(Above::kListed));
    byte_io::push_varint(out, above.size());
    std::uint32_t last = 0;
    for (const std::uint32_t at : above) {
      byte_io::push_varint(out, at - last);
      last = at;
    }
  }
  ints_.encode(values.numbers, stride, advice, out);
}

// Collects the distinct texts in the order they come, and each point's; false as soon as they turn
// out to be too many.
bool ColumnEncoder::find_texts(const ColumnValues& values) {
  constexpr std::size_t kSlots = kTextsMax * 4;
  std::array<std::uint16_t, kSlots> slots{};  // 1 + number of the text
  std::array<std::size_t, kTextsMax> begins;
  texts_.clear();
  lengths_.clear();
  codes_.clear();
  const auto text = [&](std::size_t code) {
    return std::span<const std::uint8_t>(texts_).subspan(begins[code], lengths_[code]);
  };
  std::span<const std::uint8_t> rest(values.bytes);
  for (const std::uint64_t length : values.lengths) {
    const auto value = rest.first(length);
    rest = rest.subspan(length);
    if (!codes_.empty() && same(value, text(codes_.back()))) {
      codes_.push_back(codes_.back());
      continue;
    }
    std::size_t slot = hash_of(value);
    while (slots[slot] != 0 && !same(value, text(slots[slot] - 1u))) slot = (slot + 1) % kSlots;
    if (slots[slot] == 0) {
      // Mostly new ones: no dictionary will come of it.
      if (lengths_.size() == kTextsMax || lengths_.size() > 8 + codes_.size() / 2) return false;
      begins[lengths_.size()] = texts_.size();
      byte_io::push_bytes(texts_, value);
      lengths_.push_back(length);
      slots[slot] = static_cast<std::uint16_t>(lengths_.size());
    }
    codes_.push_back(slots[slot] - 1u);
  }
  return lengths_.size() < values.lengths.size();
}

void ColumnEncoder::encode_bytes(const ColumnValues& values, StreamAdvice advice,
                                 RecordForm records, Bytes& out) {
  if (find_texts(values)) {
    out.push_back(static_cast<std::uint8_t>(Texts::kDictionary));
    byte_io::push_varint(out, lengths_.size());
    ints_.encode(lengths_, 1, advice, out);
    byte_io::push_bytes(out, texts_);
    ints_.encode(codes_, 1, advice, out);
    return;
  }
  out.push_back(static_cast<std::uint8_t>(records.is_plain() ? Texts::kPlain : Texts::kPlanes));
  ints_.encode(values.lengths, 1, advice, out);
  if (records.is_plain()) {
    byte_io::push_bytes(out, values.bytes);
    return;
  }
  byte_io::push_varint(out, records.bytes);
  byte_io::push_varint(out, records.lag);
  write_record_planes(values.bytes, records, out);
}

namespace {

bool decode_int_values(ByteInput& in, std::size_t stride, ColumnValues& values) {
  if (values.numbers.empty()) return true;
  std::uint8_t above = 0;
  if (!in.fixed(above) || above > static_cast<std::uint8_t>(Above::kListed)) return false;
  if (above == static_cast<std::uint8_t>(Above::kListed)) {
    std::size_t count = 0;
    std::uint32_t at = 0;
    if (!in.bounded(count, values.numbers.size()) || count > in.left()) return false;
    for (std::size_t i = 0; i < count; ++i) {
      std::uint32_t gap = 0;
      if (!in.bounded(gap, values.numbers.size() - 1 - at) || (i > 0 && gap == 0)) return false;
      values.unsigned_at.push_back(at += gap);
    }
  }
  if (!decode_ints(in, stride, values.numbers)) return false;
  if (above == static_cast<std::uint8_t>(Above::kEveryTopBit)) {
    for (std::size_t i = 0; i < values.numbers.size(); ++i) {
      if (has_top_bit(values.numbers[i]))
        values.unsigned_at.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return true;
}

bool take_texts(ByteInput& in, std::span<const std::uint64_t> lengths, std::size_t size_max,
                std::span<const std::uint8_t>& bytes) {
  std::size_t sum = 0;
  return sum_up(lengths, size_max, sum) && in.take(sum, bytes);
}

bool decode_dictionary(ByteInput& in, std::size_t size_max, ColumnValues& values) {
  std::size_t count = 0;
  if (!in.bounded(count, kTextsMax) || count == 0) return false;
  std::vector<std::uint64_t> lengths(count);
  std::span<const std::uint8_t> bytes;
  if (!decode_ints(in, 1, lengths) || !take_texts(in, lengths, size_max, bytes)) return false;
  std::vector<std::span<const std::uint8_t>> texts;
  for (const std::uint64_t length : lengths) {
    texts.push_back(bytes.first(length));
    bytes = bytes.subspan(length);
  }
  std::vector<std::uint64_t>& codes = values.lengths;  // made lengths in place
  if (!decode_ints(in, 1, codes)) return false;
  std::size_t sum = 0;
  for (const std::uint64_t code : codes) {
    if (code >= count || lengths[code] > size_max - sum) return false;
    sum += lengths[code];
  }
  values.bytes.reserve(sum);
  for (std::uint64_t& code : codes) {
    byte_io::push_bytes(values.bytes, texts[code]);
    code = lengths[code];
  }
  return true;
}

bool decode_texts(ByteInput& in, std::size_t size_max, ColumnValues& values) {
  std::uint8_t form = 0;
  if (!in.fixed(form)) return false;
  if (form == static_cast<std::uint8_t>(Texts::kDictionary))
    return decode_dictionary(in, size_max, values);
  if (form > static_cast<std::uint8_t>(Texts::kPlanes) || !decode_ints(in, 1, values.lengths))
    return false;
  RecordForm records;
  const bool has_planes = form == static_cast<std::uint8_t>(Texts::kPlanes);
  if (has_planes && (!in.bounded(records.bytes, RecordForm::kBytesMax) || records.bytes == 0 ||
                     !in.bounded(records.lag, RecordForm::kLagMax)))
    return false;
  std::span<const std::uint8_t> bytes;
  if (!take_texts(in, values.lengths, size_max, bytes)) return false;
  values.bytes.resize(bytes.size());
  read_record_planes(bytes, records, values.bytes);
  return true;
}

}  // namespace

bool decode_column(ByteInput in, ColumnType type, std::size_t count, std::size_t size_max,
                   ColumnValues& values) {
  values.clear();
  if (count > size_max) return false;
  if (type == ColumnType::kNil || count == 0) return in.left() == 0;
  std::size_t numbers = count;
  std::size_t stride = 1;
  if (is_list(type) || is_bytes(type)) values.lengths.resize(count);
  if (is_bytes(type)) return decode_texts(in, size_max, values) && in.left() == 0;
  if (is_list(type)) {
    if (!decode_ints(in, 1, values.lengths) || !sum_up(values.lengths, size_max, numbers))
      return false;
    stride = stride_of(values.lengths);
  }
  values.numbers.resize(numbers);
  bool whole = false;
  if (type == ColumnType::kBool) {
    whole = decode_ints(in, 1, values.numbers) &&
            std::all_of(values.numbers.begin(), values.numbers.end(),
                        [](std::uint64_t value) { return value < 2; });
  } else if (type == ColumnType::kInt || type == ColumnType::kInts) {
    whole = decode_int_values(in, stride, values);
  } else {
    const bool is_short = type == ColumnType::kFloat32 || type == ColumnType::kFloat32s;
    whole = decode_floats(in, is_short ? FloatSize::k32 : FloatSize::k64, stride, values.numbers);
  }
  return whole && in.left() == 0;
}

}  // namespace zbag
