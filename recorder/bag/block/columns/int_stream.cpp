#include "recorder/bag/block/columns/int_stream.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "recorder/bag/block/columns/byte_planes.hpp"
#include "schemas/bit_pack.hpp"
#include "schemas/check.hpp"

namespace zbag {
namespace {

// On disk: append only.
enum class Pack : std::uint8_t { kConstant = 0, kPacked = 1, kPlanes = 2, kDictionary = 3 };
enum class Lag : std::uint8_t { kNone = 0, kOne = 1, kStride = 2 };
constexpr unsigned kLagShift = 2;
constexpr std::uint8_t kTransposed = 16;

constexpr std::size_t kRun = 128;  // values that share a base and a width
constexpr std::size_t kDistinctMax = 256;
// Arrays up to this length are turned so that the values of one element lie together; the beams
// of a scan are better left beside their neighbours.
constexpr std::size_t kTransposeMax = 64;

std::int64_t as_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

struct Extent {
  std::uint64_t low;
  unsigned width;  // bits of the greatest difference to `low`
};
Extent extent_of(std::span<const std::uint64_t> values) {
  std::int64_t low = as_signed(values[0]);
  std::int64_t high = low;
  for (const std::uint64_t value : values) {
    low = std::min(low, as_signed(value));
    high = std::max(high, as_signed(value));
  }
  const auto base = static_cast<std::uint64_t>(low);
  return {base, static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(high) - base))};
}

bool is_constant(std::span<const std::uint64_t> values) {
  return std::all_of(values.begin(), values.end(),
                     [first = values[0]](std::uint64_t value) { return value == first; });
}

// Calls take(run, base, width) for every run of kRun values.
template <class Take>
void each_run(std::span<const std::uint64_t> values, Take take) {
  for (std::size_t i = 0; i < values.size(); i += kRun) {
    const auto run = values.subspan(i, std::min(kRun, values.size() - i));
    const Extent extent = extent_of(run);
    take(run, extent.low, extent.width);
  }
}

std::size_t packed_size(std::span<const std::uint64_t> values) {
  std::size_t size = 0;
  std::uint64_t last = 0;
  each_run(values, [&](auto run, std::uint64_t base, unsigned width) {
    size += byte_io::varint_bytes(byte_io::zigzag(as_signed(base - last))) + 1 +
            packed_bytes(run.size(), width);
    last = base;
  });
  return size;
}

// The value that planes hold in place of `value`.
std::uint64_t plane_value(std::uint64_t value, std::uint64_t base, bool is_difference) {
  return is_difference ? byte_io::zigzag(as_signed(value)) : value - base;
}

struct PlaneExtent {
  std::uint64_t base = 0;
  unsigned width = 0;  // bytes
};
PlaneExtent plane_extent(std::span<const std::uint64_t> values, bool is_difference) {
  if (values.empty()) return {};
  const std::uint64_t base = is_difference ? 0 : extent_of(values).low;
  std::uint64_t all = 0;
  for (const std::uint64_t value : values) all |= plane_value(value, base, is_difference);
  return {base, (static_cast<unsigned>(std::bit_width(all)) + 7) / 8};
}

// n * log2(n) for the counts a plane has, in bits.
double bits_of_count(std::uint32_t count) {
  static const auto kTable = [] {
    std::array<float, 1024> table{};
    for (std::size_t n = 1; n < table.size(); ++n) {
      table[n] = static_cast<float>(static_cast<double>(n) * std::log2(static_cast<double>(n)));
    }
    return table;
  }();
  if (count < kTable.size()) return kTable[count];
  return static_cast<double>(count) * std::log2(static_cast<double>(count));
}

// What an entropy coder would make of the byte planes, all with one table: the entropy of their
// bytes and the table. Planes of one byte cost nothing: they are one long match.
std::size_t plane_entropy(std::span<const std::uint64_t> values, bool is_difference) {
  const PlaneExtent extent = plane_extent(values, is_difference);
  std::array<std::array<std::uint32_t, 256>, 8> counts{};
  for (const std::uint64_t value : values) {
    std::uint64_t rest = plane_value(value, extent.base, is_difference);
    for (unsigned plane = 0; plane < extent.width; ++plane, rest >>= 8) ++counts[plane][rest & 255];
  }
  std::array<std::uint32_t, 256> sums{};
  std::size_t bytes = 0;
  for (unsigned plane = 0; plane < extent.width; ++plane) {
    if (*std::max_element(counts[plane].begin(), counts[plane].end()) == values.size()) continue;
    bytes += values.size();
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += counts[plane][i];
  }
  double bits = bits_of_count(static_cast<std::uint32_t>(bytes));
  std::size_t kinds = 0;
  for (const std::uint32_t count : sums) {
    bits -= bits_of_count(count);
    kinds += count > 0 ? 1 : 0;
  }
  return static_cast<std::size_t>(bits / 8) + 4 + kinds / 3;
}

// lz4 finds what repeats: a value like its predecessor costs it next to nothing.
std::size_t plane_repeats_size(std::span<const std::uint64_t> values, bool is_difference) {
  const PlaneExtent extent = plane_extent(values, is_difference);
  std::size_t changes = 1;
  for (std::size_t i = 1; i < values.size(); ++i) changes += values[i] != values[i - 1] ? 1 : 0;
  return extent.width * (changes * 4 + values.size() / 250) + 2;
}

void write_packed(std::span<const std::uint64_t> values, Bytes& out) {
  std::uint64_t last = 0;
  each_run(values, [&](auto run, std::uint64_t base, unsigned width) {
    byte_io::push_zigzag(out, as_signed(base - last));
    out.push_back(static_cast<std::uint8_t>(width));
    pack_bits(run, base, width, out);
    last = base;
  });
}

void write_planes(std::span<const std::uint64_t> values, bool is_difference, Bytes& out) {
  const PlaneExtent extent = plane_extent(values, is_difference);
  if (!is_difference) byte_io::push_zigzag(out, as_signed(extent.base));
  out.push_back(static_cast<std::uint8_t>(extent.width));
  const std::size_t begin = out.size();
  out.resize(begin + values.size() * extent.width);
  write_byte_planes(
      values.size(), extent.width,
      [&](std::size_t i) { return plane_value(values[i], extent.base, is_difference); },
      out.data() + begin);
}

}  // namespace

struct IntStreamEncoder::Plan {
  Pack pack = Pack::kPacked;
  Lag lag = Lag::kNone;
  bool transposed = false;
  std::size_t stride = 1;
  std::size_t size = SIZE_MAX;  // estimated

  std::uint8_t form() const {
    return static_cast<std::uint8_t>(static_cast<unsigned>(pack) |
                                     static_cast<unsigned>(lag) << kLagShift |
                                     (transposed ? kTransposed : 0u));
  }
  static Plan of_form(std::uint8_t form, std::size_t stride) {
    return {.pack = static_cast<Pack>(form & 3u),
            .lag = static_cast<Lag>(form >> kLagShift & 3u),
            .transposed = (form & kTransposed) != 0,
            .stride = stride};
  }
  std::size_t heads() const { return lag == Lag::kNone ? 0 : lag == Lag::kOne ? 1 : stride; }
};

// What is left of `values` behind the heads: differences at the plan's lag, turned if it says so.
// May be `values` itself; else lies in `room`.
std::span<const std::uint64_t> IntStreamEncoder::residuals(std::span<const std::uint64_t> values,
                                                           const Plan& plan,
                                                           std::vector<std::uint64_t>& room) const {
  const std::size_t heads = plan.heads();
  if (heads == 0 && !plan.transposed) return values;
  const std::size_t count = values.size() - heads;
  if (room.size() < count) room.resize(count);
  const auto at = [&](std::size_t i) {
    return heads == 0 ? values[i] : values[i] - values[i - heads];
  };
  if (!plan.transposed) {
    for (std::size_t i = 0; i < count; ++i) room[i] = values[i + heads] - values[i];
    return {room.data(), count};
  }
  std::size_t to = 0;
  for (std::size_t element = 0; element < plan.stride; ++element) {
    for (std::size_t i = heads + element; i < values.size(); i += plan.stride) room[to++] = at(i);
  }
  return {room.data(), count};
}

IntStreamEncoder::Plan IntStreamEncoder::plan_numbers(std::span<const std::uint64_t> values,
                                                      std::size_t stride, Squeeze squeeze) {
  Plan best;
  for (const Lag lag : {Lag::kNone, Lag::kOne, Lag::kStride}) {
    if (lag == Lag::kStride && stride == 1) continue;
    Plan plan{.lag = lag, .transposed = stride > 1 && stride <= kTransposeMax, .stride = stride};
    if (lag == Lag::kOne) plan.transposed = false;
    if (plan.heads() >= values.size()) continue;
    const auto rest = residuals(values, plan, residuals_);
    const bool is_difference = lag != Lag::kNone;
    const std::size_t heads = plan.heads() * 3;
    if (is_difference && is_constant(rest)) {
      plan.pack = Pack::kConstant;
      plan.size = heads + 2;
      return plan;
    }
    plan.size = packed_size(rest) + heads;
    if (plan.size < best.size) best = plan;
    plan.pack = Pack::kPlanes;
    plan.size = heads + (squeeze == Squeeze::kEntropy ? plane_entropy(rest, is_difference)
                                                      : plane_repeats_size(rest, is_difference));
    if (plan.size < best.size) best = plan;
  }
  return best;
}

void IntStreamEncoder::write_numbers(std::span<const std::uint64_t> values, const Plan& plan,
                                     Bytes& out) {
  out.push_back(plan.form());
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < plan.heads(); ++i) {
    byte_io::push_zigzag(out, as_signed(values[i] - last));
    last = values[i];
  }
  const auto rest = residuals(values, plan, residuals_);
  if (plan.pack == Pack::kConstant) byte_io::push_zigzag(out, as_signed(rest[0]));
  if (plan.pack == Pack::kPacked) write_packed(rest, out);
  if (plan.pack == Pack::kPlanes) write_planes(rest, plan.lag != Lag::kNone, out);
}

// Collects the distinct values, ascending; false as soon as they are too many to be worth it.
bool IntStreamEncoder::find_distinct(std::span<const std::uint64_t> values) {
  constexpr std::size_t kSlots = kDistinctMax * 4;
  std::array<std::uint16_t, kSlots> slots{};  // 1 + position in distinct_
  distinct_.clear();
  std::uint64_t last = ~values[0];
  for (const std::uint64_t value : values) {
    if (value == last) continue;
    last = value;
    std::size_t slot = (value * 0x9e3779b97f4a7c15ULL) >> 54;
    while (slots[slot] != 0 && distinct_[slots[slot] - 1u] != value) slot = (slot + 1) % kSlots;
    if (slots[slot] != 0) continue;
    if (distinct_.size() == kDistinctMax || distinct_.size() * 4 > values.size()) return false;
    distinct_.push_back(value);
    slots[slot] = static_cast<std::uint16_t>(distinct_.size());
  }
  std::sort(distinct_.begin(), distinct_.end());
  return true;
}

void IntStreamEncoder::write_dictionary(std::span<const std::uint64_t> values, Squeeze squeeze,
                                        Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(Pack::kDictionary));
  byte_io::push_varint(out, distinct_.size());
  std::uint64_t last = 0;
  for (const std::uint64_t value : distinct_) {
    byte_io::push_varint(out, value - last);
    last = value;
  }
  if (codes_.size() < values.size()) codes_.resize(values.size());
  std::size_t code = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (distinct_[code] != values[i]) {
      code = static_cast<std::size_t>(
          std::lower_bound(distinct_.begin(), distinct_.end(), values[i]) - distinct_.begin());
    }
    codes_[i] = code;
  }
  const std::span<const std::uint64_t> codes(codes_.data(), values.size());
  write_numbers(codes, plan_numbers(codes, 1, squeeze), out);
}

// Encodes in the form of `habit`. False, with `out` as it was, when that does not serve any more.
bool IntStreamEncoder::follow(const StreamHabit& habit, std::span<const std::uint64_t> values,
                              std::size_t stride, Squeeze squeeze, Bytes& out) {
  // A few points say little about a full block, and the other way round.
  if (habit.count > 2 * values.size() || values.size() > 2 * habit.count) return false;
  const Plan plan = Plan::of_form(habit.form, stride);
  if (plan.heads() >= values.size()) return false;
  const std::size_t begin = out.size();
  if (plan.pack == Pack::kDictionary) {
    if (!find_distinct(values)) return false;
    write_dictionary(values, squeeze, out);
  } else {
    if (plan.pack == Pack::kConstant && !is_constant(residuals(values, plan, residuals_)))
      return false;
    write_numbers(values, plan, out);
  }
  const std::size_t bytes = out.size() - begin;
  const std::size_t usual = habit.bytes * values.size() / habit.count;
  if (bytes <= usual + usual / 16 + 8) return true;
  out.resize(begin);
  return false;
}

void IntStreamEncoder::choose(std::span<const std::uint64_t> values, std::size_t stride,
                              Squeeze squeeze, Bytes& out) {
  const Plan plan = plan_numbers(values, stride, squeeze);
  if (plan.size > values.size() / 4 && find_distinct(values)) {
    std::size_t size = 2;
    std::uint64_t last = 0;
    for (const std::uint64_t value : distinct_) {
      size += byte_io::varint_bytes(value - last);
      last = value;
    }
    const auto width = static_cast<unsigned>(std::bit_width(distinct_.size() - 1));
    if (size + packed_bytes(values.size(), width) < plan.size) {
      write_dictionary(values, squeeze, out);
      return;
    }
  }
  write_numbers(values, plan, out);
}

void IntStreamEncoder::encode(std::span<const std::uint64_t> values, std::size_t stride,
                              StreamAdvice advice, Bytes& out) {
  ZBAG_CHECK(stride > 0 && values.size() % stride == 0);
  StreamHabit* habit = advice.habits != nullptr ? &advice.habits->next() : nullptr;
  // Arrays (the beams of a scan) are best in another form now and again, and the gain is large.
  if (stride > 1) habit = nullptr;
  if (values.empty()) return;
  if (is_constant(values)) {
    out.push_back(static_cast<std::uint8_t>(Pack::kConstant));
    byte_io::push_zigzag(out, as_signed(values[0]));
    return;
  }
  if (habit != nullptr && habit->count > 0 && follow(*habit, values, stride, advice.squeeze, out))
    return;
  const std::size_t begin = out.size();
  choose(values, stride, advice.squeeze, out);
  if (habit != nullptr) *habit = {out[begin], values.size(), out.size() - begin};
}

namespace {

// Where residual number `i` belongs when `count` values of `stride` to a point were turned.
class Turned {
 public:
  Turned(std::size_t count, std::size_t stride) : rows_(count / stride), stride_(stride) {}
  std::size_t operator()(std::size_t i) const { return i % rows_ * stride_ + i / rows_; }

 private:
  std::size_t rows_;
  std::size_t stride_;
};

bool read_constant(ByteInput& in, std::span<std::uint64_t> out) {
  std::int64_t value = 0;
  if (!in.delta(value)) return false;
  std::fill(out.begin(), out.end(), static_cast<std::uint64_t>(value));
  return true;
}

bool read_packed(ByteInput& in, std::span<std::uint64_t> out) {
  std::int64_t base = 0;
  for (std::size_t i = 0; i < out.size(); i += kRun) {
    const auto run = out.subspan(i, std::min(kRun, out.size() - i));
    std::uint8_t width = 0;
    std::span<const std::uint8_t> bytes;
    if (!in.delta(base) || !in.fixed(width) || width > 64) return false;
    if (!in.take(packed_bytes(run.size(), width), bytes)) return false;
    unpack_bits(bytes, static_cast<std::uint64_t>(base), width, run);
  }
  return true;
}

bool read_planes(ByteInput& in, bool is_difference, std::span<std::uint64_t> out) {
  std::int64_t base = 0;
  std::uint8_t width = 0;
  if (!is_difference && !in.delta(base)) return false;
  std::span<const std::uint8_t> bytes;
  if (!in.fixed(width) || width > 8 || !in.take(out.size() * width, bytes)) return false;
  if (is_difference) {
    read_byte_planes(bytes, out.size(), width, [&](std::size_t i, std::uint64_t word) {
      out[i] = static_cast<std::uint64_t>(byte_io::unzigzag(word));
    });
  } else {
    read_byte_planes(bytes, out.size(), width, [&](std::size_t i, std::uint64_t word) {
      out[i] = word + static_cast<std::uint64_t>(base);
    });
  }
  return true;
}

bool read_numbers(ByteInput& in, std::uint8_t form, std::size_t stride,
                  std::span<std::uint64_t> out) {
  const unsigned lag = form >> kLagShift & 3u;
  const bool transposed = (form & kTransposed) != 0;
  const std::size_t heads = lag == 0 ? 0 : lag == 1 ? 1 : stride;
  if (lag > 2 || heads > out.size() || (transposed && lag == 1)) return false;
  std::int64_t head = 0;
  for (std::size_t i = 0; i < heads; ++i) {
    if (!in.delta(head)) return false;
    out[i] = static_cast<std::uint64_t>(head);
  }
  const auto rest = out.subspan(heads);
  if (rest.empty()) return true;
  const auto pack = static_cast<Pack>(form & 3u);
  if (pack == Pack::kConstant && !read_constant(in, rest)) return false;
  if (pack == Pack::kPacked && !read_packed(in, rest)) return false;
  if (pack == Pack::kPlanes && !read_planes(in, heads > 0, rest)) return false;
  if (transposed && stride > 1) {
    const std::vector<std::uint64_t> turned(rest.begin(), rest.end());
    const Turned place(rest.size(), stride);
    for (std::size_t i = 0; i < turned.size(); ++i) rest[place(i)] = turned[i];
  }
  if (heads == 0) return true;
  for (std::size_t i = heads; i < out.size(); ++i) out[i] += out[i - heads];
  return true;
}

bool read_dictionary(ByteInput& in, std::span<std::uint64_t> out) {
  std::array<std::uint64_t, kDistinctMax> distinct{};
  std::size_t count = 0;
  if (!in.bounded(count, kDistinctMax) || count == 0) return false;
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t step = 0;
    if (!in.varint(step)) return false;
    distinct[i] = last += step;
  }
  std::uint8_t form = 0;
  if (!in.fixed(form)) return false;
  if (form >= 32 || (form & 3u) == static_cast<unsigned>(Pack::kDictionary)) return false;
  if (!read_numbers(in, form, 1, out)) return false;
  for (std::uint64_t& value : out) {
    if (value >= count) return false;
    value = distinct[value];
  }
  return true;
}

}  // namespace

bool decode_ints(ByteInput& in, std::size_t stride, std::span<std::uint64_t> out) {
  ZBAG_CHECK(stride > 0 && out.size() % stride == 0);
  if (out.empty()) return true;
  std::uint8_t form = 0;
  if (!in.fixed(form) || form >= 32) return false;
  if ((form & 3u) == static_cast<unsigned>(Pack::kDictionary)) return read_dictionary(in, out);
  return read_numbers(in, form, stride, out);
}

}  // namespace zbag
