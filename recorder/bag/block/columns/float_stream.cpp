#include "recorder/bag/block/columns/float_stream.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace zbag {
namespace {

constexpr unsigned kDecimalMax = 15;
constexpr unsigned kBinaryMax = 60;
constexpr double kScaledMax = 1125899906842624.0;  // 2^50: rounding below is exact up to 2^51
constexpr std::array<double, kDecimalMax + 1> kPowersOfTen = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

double scale_of(const FloatForm& form) {
  return form.mapping == FloatMapping::kDecimal ? kPowersOfTen[form.exponent]
                                                : std::ldexp(1.0, form.exponent);
}

double value_of(std::uint64_t bits, FloatSize size) {
  return size == FloatSize::k64
             ? std::bit_cast<double>(bits)
             : static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
}

std::uint64_t bits_of(double value, FloatSize size) {
  return size == FloatSize::k64 ? std::bit_cast<std::uint64_t>(value)
                                : std::bit_cast<std::uint32_t>(static_cast<float>(value));
}

// Bit patterns in the order of the numbers they stand for, so that neighbours differ by little.
// Its own inverse.
std::uint64_t ordered64(std::uint64_t bits) {
  const auto wide = static_cast<std::int64_t>(bits);
  return bits ^ (static_cast<std::uint64_t>(wide >> 63) >> 1);
}
std::uint64_t ordered32(std::uint64_t bits) {
  const auto narrow = static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
  const std::int32_t turned =
      narrow ^ static_cast<std::int32_t>(static_cast<std::uint32_t>(narrow >> 31) >> 1);
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(turned));
}
std::uint64_t ordered(std::uint64_t bits, FloatSize size) {
  return size == FloatSize::k64 ? ordered64(bits) : ordered32(bits);
}
std::uint64_t unordered(std::uint64_t value, FloatSize size) {
  return size == FloatSize::k64 ? ordered64(value) : ordered32(value) & 0xffffffffu;
}

double unscaled(std::uint64_t scaled, double scale) {
  return static_cast<double>(static_cast<std::int64_t>(scaled)) / scale;
}

// The integer whose quotient by `scale` has exactly these bits. False when there is none.
bool to_scaled_integer(std::uint64_t bits, FloatSize size, double scale, std::int64_t& scaled) {
  const double product = value_of(bits, size) * scale;
  if (!(std::abs(product) < kScaledMax)) return false;
  constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52: adding it leaves no room for more
  scaled = static_cast<std::int64_t>(product + kRound - kRound);
  return bits_of(static_cast<double>(scaled) / scale, size) == bits;
}

// The exponent k of the smallest 2^k that makes this a whole number; above kBinaryMax: none.
unsigned binary_exponent(std::uint64_t bits, FloatSize size) {
  const double value = value_of(bits, size);
  if (value == 0.0 || !std::isfinite(value)) return kBinaryMax + 1;
  const auto wide = std::bit_cast<std::uint64_t>(value);
  const auto exponent = static_cast<int>(wide >> 52 & 0x7ff);
  if (exponent == 0) return kBinaryMax + 1;
  const std::uint64_t mantissa = (wide & 0xfffffffffffffULL) | 0x10000000000000ULL;
  const int lowest = exponent - 1075 + std::countr_zero(mantissa);
  return lowest >= 0 ? 0 : static_cast<unsigned>(-lowest);
}

// What a sample says about one way to scale.
struct Trial {
  unsigned exponent = 0;
  std::size_t misses = 0;
  std::uint64_t largest = 0;

  void note(std::uint64_t bits, FloatSize size, double scale) {
    std::int64_t scaled = 0;
    if (!to_scaled_integer(bits, size, scale, scaled)) ++misses;
    largest = std::max(largest, static_cast<std::uint64_t>(std::abs(scaled)));
  }
  int bits() const { return static_cast<int>(std::bit_width(largest)) + 1; }
};

// The least exponent, from `exponent` on, whose power of ten gives the value back.
std::optional<unsigned> decimal_exponent(std::uint64_t bits, FloatSize size, unsigned exponent) {
  std::int64_t scaled = 0;
  for (; exponent <= kDecimalMax; ++exponent) {
    if (to_scaled_integer(bits, size, kPowersOfTen[exponent], scaled)) return exponent;
  }
  return std::nullopt;
}

constexpr std::size_t kSampleMax = 48;
// Values that no scale is expected to give back say nothing about the scale.
bool is_special(std::uint64_t bits, FloatSize size) {
  const double value = value_of(bits, size);
  return !std::isfinite(value) || (value == 0.0 && std::signbit(value));
}

bool to_narrow_integer(std::uint64_t bits, std::uint64_t& integer) {
  const auto narrow = static_cast<float>(std::bit_cast<double>(bits));
  integer = ordered32(std::bit_cast<std::uint32_t>(narrow));
  return std::bit_cast<std::uint64_t>(static_cast<double>(narrow)) == bits;
}
std::uint64_t from_narrow_integer(std::uint64_t integer, FloatSize size) {
  return bits_of(value_of(unordered(integer, FloatSize::k32), FloatSize::k32), size);
}

}  // namespace

bool take_form(std::uint8_t mapping, ByteInput& in, FloatForm& form) {
  if (mapping > static_cast<std::uint8_t>(FloatMapping::kBinary)) return false;
  form = {.mapping = static_cast<FloatMapping>(mapping)};
  if (!form.is_scaled()) return true;
  const unsigned max = form.mapping == FloatMapping::kDecimal ? kDecimalMax : kBinaryMax;
  return in.fixed(form.exponent) && form.exponent <= max;
}

bool to_integer(std::uint64_t bits, FloatSize size, const FloatForm& form, std::uint64_t& integer) {
  if (form.is_scaled()) {
    std::int64_t scaled = 0;
    const bool is_exact = to_scaled_integer(bits, size, scale_of(form), scaled);
    integer = static_cast<std::uint64_t>(scaled);
    return is_exact;
  }
  if (form.mapping == FloatMapping::kNarrow) return to_narrow_integer(bits, integer);
  integer = ordered(bits, size);
  return true;
}

std::uint64_t from_integer(std::uint64_t integer, FloatSize size, const FloatForm& form) {
  if (form.is_scaled()) return bits_of(unscaled(integer, scale_of(form)), size);
  if (form.mapping == FloatMapping::kNarrow) return from_narrow_integer(integer, size);
  return unordered(integer, size);
}

FloatForm FloatStreamEncoder::choose_form(std::span<const std::uint64_t> bits,
                                          FloatSize size) const {
  Trial decimal;
  Trial binary;
  std::array<std::uint64_t, kSampleMax> sample{};
  std::size_t count = 0;
  const std::size_t step = std::max<std::size_t>(1, bits.size() / kSampleMax);
  for (std::size_t i = 0; i < bits.size() && count < kSampleMax; i += step) {
    if (!is_special(bits[i], size)) sample[count++] = bits[i];
  }
  const std::size_t misses_max = count / 8;
  std::size_t narrow = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double value = value_of(sample[i], size);
    narrow += std::bit_cast<std::uint64_t>(static_cast<double>(static_cast<float>(value))) ==
                      std::bit_cast<std::uint64_t>(value)
                  ? 1
                  : 0;
    if (decimal.misses <= misses_max) {
      const auto exponent = decimal_exponent(sample[i], size, decimal.exponent);
      if (exponent) decimal.exponent = *exponent;
      decimal.misses += exponent ? 0 : 1;
    }
    const unsigned exponent = value == 0.0 ? 0 : binary_exponent(sample[i], size);
    if (exponent <= kBinaryMax) binary.exponent = std::max(binary.exponent, exponent);
  }
  const FloatForm tens{FloatMapping::kDecimal, static_cast<std::uint8_t>(decimal.exponent)};
  const FloatForm twos{FloatMapping::kBinary, static_cast<std::uint8_t>(binary.exponent)};
  const double by_ten = scale_of(tens);
  const double by_two = scale_of(twos);
  decimal.misses = binary.misses = 0;
  for (std::size_t i = 0; i < count; ++i) {
    decimal.note(sample[i], size, by_ten);
    binary.note(sample[i], size, by_two);
  }
  const bool is_narrow = size == FloatSize::k64 && narrow == count;
  const int plain = size == FloatSize::k32 || is_narrow ? 32 : 64;
  const bool fits_decimal = decimal.misses <= misses_max && decimal.bits() <= plain + 2;
  const bool fits_binary = binary.misses <= misses_max && binary.bits() <= plain - 4;
  if (fits_binary && (!fits_decimal || binary.bits() < decimal.bits())) return twos;
  if (fits_decimal) return tens;
  return {is_narrow ? FloatMapping::kNarrow : FloatMapping::kBits, 0};
}

// Fills mapped_ and runs_; false when too many values do not fit the scale. A value that does not
// takes the integer of the point before, which costs the stream nothing.
bool FloatStreamEncoder::to_scaled(std::span<const std::uint64_t> bits, FloatSize size,
                                   std::size_t stride, const FloatForm& form) {
  const double factor = scale_of(form);
  const std::size_t runs_max = 2 + bits.size() / 16;
  runs_.clear();
  std::size_t end = 0;  // of the last run
  for (std::size_t i = 0; i < bits.size(); ++i) {
    std::int64_t scaled = 0;
    if (to_scaled_integer(bits[i], size, factor, scaled)) [[likely]] {
      mapped_[i] = static_cast<std::uint64_t>(scaled);
      continue;
    }
    mapped_[i] = i >= stride ? mapped_[i - stride] : 0;
    if (!runs_.empty() && end == i && runs_.back().bits == bits[i]) {
      ++runs_.back().length;
    } else {
      if (runs_.size() == runs_max) return false;
      runs_.push_back({i - end, 1, bits[i]});
    }
    end = i + 1;
  }
  return true;
}

bool FloatStreamEncoder::to_narrow(std::span<const std::uint64_t> bits) {
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (!to_narrow_integer(bits[i], mapped_[i])) return false;
  }
  return true;
}

void FloatStreamEncoder::encode(std::span<const std::uint64_t> bits, FloatSize size,
                                std::size_t stride, StreamAdvice advice, Bytes& out) {
  if (bits.empty()) return;
  if (mapped_.size() < bits.size()) mapped_.resize(bits.size());
  const bool is_constant =
      std::all_of(bits.begin(), bits.end(), [&](std::uint64_t value) { return value == bits[0]; });
  FloatForm form = is_constant ? FloatForm{} : choose_form(bits, size);
  if (form.is_scaled() && !to_scaled(bits, size, stride, form)) {
    // The sample saw too few digits: once more with what the values ask for that did not fit.
    bool again = false;
    for (const Run& run : runs_) {
      if (form.mapping != FloatMapping::kDecimal) break;
      const auto exponent = decimal_exponent(run.bits, size, form.exponent);
      again = again || (exponent && *exponent > form.exponent);
      form.exponent = static_cast<std::uint8_t>(exponent.value_or(form.exponent));
    }
    if (!again || !to_scaled(bits, size, stride, form)) form = {};
  }
  if (form.mapping == FloatMapping::kNarrow && !to_narrow(bits)) form = {};
  out.push_back(static_cast<std::uint8_t>(form.mapping));
  if (form.is_scaled()) out.push_back(form.exponent);
  if (form.mapping == FloatMapping::kBits) {
    for (std::size_t i = 0; i < bits.size(); ++i) mapped_[i] = ordered(bits[i], size);
  } else if (form.is_scaled()) {
    byte_io::push_varint(out, runs_.size());
    for (const Run& run : runs_) {
      byte_io::push_varint(out, run.gap);
      byte_io::push_varint(out, run.length);
      if (size == FloatSize::k64) byte_io::push_fixed(out, run.bits);
      if (size == FloatSize::k32) byte_io::push_fixed(out, static_cast<std::uint32_t>(run.bits));
    }
  }
  ints_.encode({mapped_.data(), bits.size()}, stride, advice, out);
}

namespace {

// Puts the values that did not fit the scale over the others. `in` stands at the first run.
bool apply_runs(ByteInput in, std::size_t runs, FloatSize size, std::span<std::uint64_t> out) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < runs; ++i) {
    std::size_t gap = 0;
    std::size_t length = 0;
    std::uint64_t bits = 0;
    std::uint32_t narrow = 0;
    if (!in.bounded(gap, out.size() - at) || !in.bounded(length, out.size() - at - gap))
      return false;
    if (!(size == FloatSize::k64 ? in.fixed(bits) : in.fixed(narrow))) return false;
    at += gap;
    std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(at), length, bits | narrow);
    at += length;
  }
  return true;
}

bool skip_runs(ByteInput& in, std::size_t runs, FloatSize size) {
  for (std::size_t i = 0; i < runs; ++i) {
    std::uint64_t skipped = 0;
    std::span<const std::uint8_t> bits;
    if (!in.varint(skipped) || !in.varint(skipped)) return false;
    if (!in.take(size == FloatSize::k64 ? 8 : 4, bits)) return false;
  }
  return true;
}

}  // namespace

bool decode_floats(ByteInput& in, FloatSize size, std::size_t stride,
                   std::span<std::uint64_t> out) {
  if (out.empty()) return true;
  std::uint8_t mapping = 0;
  FloatForm form;
  if (!in.fixed(mapping) || !take_form(mapping, in, form)) return false;
  if (!form.is_scaled()) {
    if (!decode_ints(in, stride, out)) return false;
    for (std::uint64_t& value : out) {
      value = form.mapping == FloatMapping::kBits ? unordered(value, size)
                                                  : from_narrow_integer(value, size);
    }
    return true;
  }
  std::size_t runs = 0;
  if (!in.bounded(runs, out.size())) return false;
  const ByteInput first_run = in;
  if (!skip_runs(in, runs, size) || !decode_ints(in, stride, out)) return false;
  const double scale = scale_of(form);
  for (std::uint64_t& value : out) value = bits_of(unscaled(value, scale), size);
  return apply_runs(first_run, runs, size, out);
}

}  // namespace zbag
