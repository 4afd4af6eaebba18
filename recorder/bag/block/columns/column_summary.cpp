#include "recorder/bag/block/columns/column_summary.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace zbag {
namespace {

using Summary = ColumnSummary;

FloatSize size_of(ColumnType type) {
  return type == ColumnType::kFloat32 ? FloatSize::k32 : FloatSize::k64;
}

template <class T>
T number_of(std::uint64_t bits) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  } else {
    return std::bit_cast<T>(bits);
  }
}
std::uint64_t bits_of(float number) { return std::bit_cast<std::uint32_t>(number); }
template <class T>
std::uint64_t bits_of(T number) {
  return std::bit_cast<std::uint64_t>(number);
}

// NaN fails every comparison, so it changes neither.
template <class T>
void find_extremes(const std::vector<std::uint64_t>& numbers, Summary& summary) {
  using Limits = std::numeric_limits<T>;
  T low = Limits::has_infinity ? Limits::infinity() : Limits::max();
  T high = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  std::uint32_t nans = 0;
  for (const std::uint64_t bits : numbers) {
    const T number = number_of<T>(bits);
    low = number < low ? number : low;
    high = high < number ? number : high;
    nans += number != number ? 1 : 0;
  }
  summary.nans = nans;
  summary.bits[Summary::kMin] = bits_of(low);
  summary.bits[Summary::kMax] = bits_of(high);
}

// Comparisons do not tell 0.0 from -0.0.
void settle_zeros(const std::vector<std::uint64_t>& numbers, std::uint64_t minus_zero,
                  Summary& summary) {
  std::uint64_t& min = summary.bits[Summary::kMin];
  std::uint64_t& max = summary.bits[Summary::kMax];
  const auto has = [&](std::uint64_t bits) {
    return std::find(numbers.begin(), numbers.end(), bits) != numbers.end();
  };
  if (min == 0 || min == minus_zero) min = has(minus_zero) ? minus_zero : 0;
  if (max == 0 || max == minus_zero) max = has(0) ? 0 : minus_zero;
}

// As find_extremes(), where some integers lie above INT64_MAX.
void find_wide_extremes(const ColumnValues& values, Summary& summary) {
  const auto& above = values.unsigned_at;
  auto next = above.begin();
  const auto less = [](auto a, auto b) { return a < b; };
  using Wide = std::pair<bool, std::uint64_t>;  // above INT64_MAX, and the bits with their sign
                                                // turned, so that they are in order
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  std::vector<Wide> wide;
  for (std::size_t i = 0; i < values.numbers.size(); ++i) {
    const bool is_above = next != above.end() && *next == i;
    if (is_above) ++next;
    wide.emplace_back(is_above, values.numbers[i] ^ (is_above ? 0 : kSign));
  }
  const auto [min, max] = std::minmax_element(wide.begin(), wide.end(), less);
  const auto note = [&](Summary::Which which, const Wide& number) {
    summary.bits[which] = number.second ^ (number.first ? 0 : kSign);
    if (number.first) summary.unsigned_mask |= static_cast<std::uint8_t>(1u << which);
  };
  note(Summary::kFirst, wide.front());
  note(Summary::kLast, wide.back());
  note(Summary::kMin, *min);
  note(Summary::kMax, *max);
}

// The byte in front of a column's numbers. On disk: append only.
constexpr unsigned kFormMask = 3;     // of floats their mapping; of integers 1: a mask follows
constexpr unsigned kHasCount = 4;     // points that have none follow
constexpr unsigned kHasNans = 8;      // their number follows
constexpr unsigned kIsConstant = 16;  // of first, last, min and max only one follows
constexpr unsigned kTypeShift = 6;
constexpr std::array kTypes{ColumnType::kInt, ColumnType::kFloat32, ColumnType::kFloat64};

using Integers = std::array<std::uint64_t, 4>;  // by Which

// Those of first and last, the lesser one in front.
std::pair<std::uint64_t, std::uint64_t> ends_of(const Integers& integers) {
  std::uint64_t low = integers[Summary::kFirst];
  std::uint64_t high = integers[Summary::kLast];
  if (static_cast<std::int64_t>(high) < static_cast<std::int64_t>(low)) std::swap(low, high);
  return {low, high};
}

bool to_integers(const Summary& summary, const FloatForm& form, Integers& integers) {
  for (std::size_t i = 0; i < integers.size(); ++i) {
    if (!to_integer(summary.bits[i], size_of(summary.type), form, integers[i])) return false;
  }
  return true;
}

}  // namespace

std::optional<Number> ColumnSummary::of(Which which) const {
  const std::uint64_t number = bits[which];
  if (type == ColumnType::kFloat64) return number_of<double>(number);
  if (type == ColumnType::kFloat32) return number_of<float>(number);
  if ((unsigned_mask >> which & 1u) != 0) return number;
  return static_cast<std::int64_t>(number);
}

ColumnSummary summarize(ColumnType type, const ColumnValues& values) {
  ColumnSummary summary{.type = type, .count = static_cast<std::uint32_t>(values.numbers.size())};
  if (summary.count == 0) return summary;
  summary.bits[ColumnSummary::kFirst] = values.numbers.front();
  summary.bits[ColumnSummary::kLast] = values.numbers.back();
  if (!values.unsigned_at.empty()) {
    find_wide_extremes(values, summary);
  } else if (type == ColumnType::kInt) {
    find_extremes<std::int64_t>(values.numbers, summary);
  } else if (type == ColumnType::kFloat32) {
    find_extremes<float>(values.numbers, summary);
    settle_zeros(values.numbers, bits_of(-0.0F), summary);
  } else {
    find_extremes<double>(values.numbers, summary);
    settle_zeros(values.numbers, bits_of(-0.0), summary);
  }
  // One value stands for all: none is read where they are all NaN.
  if (summary.nans == summary.count)
    summary.bits[ColumnSummary::kMin] = summary.bits[ColumnSummary::kMax] = values.numbers.front();
  return summary;
}

void push_summary(const ColumnSummary& summary, FloatForm form, std::uint32_t points, Bytes& out) {
  const bool is_int = summary.type == ColumnType::kInt;
  Integers integers = summary.bits;
  if (!is_int && !to_integers(summary, form, integers)) {
    form = {};
    to_integers(summary, form, integers);
  }
  const bool is_constant = std::all_of(integers.begin(), integers.end(),
                                       [&](std::uint64_t i) { return i == integers[0]; });
  unsigned head =
      is_int ? (summary.unsigned_mask != 0 ? 1 : 0) : static_cast<unsigned>(form.mapping);
  if (summary.count != points) head |= kHasCount;
  if (summary.nans > 0) head |= kHasNans;
  if (is_constant) head |= kIsConstant;
  const auto type = std::find(kTypes.begin(), kTypes.end(), summary.type) - kTypes.begin();
  out.push_back(static_cast<std::uint8_t>(head | static_cast<unsigned>(type) << kTypeShift));
  if (summary.unsigned_mask != 0) out.push_back(summary.unsigned_mask);
  if (form.is_scaled()) out.push_back(form.exponent);
  if (summary.count != points) byte_io::push_varint(out, points - summary.count);
  if (summary.nans > 0) byte_io::push_varint(out, summary.nans);
  if (summary.count == 0) return;
  const auto [low, high] = ends_of(integers);
  const std::uint64_t first = integers[ColumnSummary::kFirst];
  byte_io::push_zigzag(out, static_cast<std::int64_t>(first));
  if (is_constant) return;
  byte_io::push_zigzag(out, static_cast<std::int64_t>(integers[ColumnSummary::kLast] - first));
  if (summary.nans == summary.count) return;
  byte_io::push_varint(out, low - integers[ColumnSummary::kMin]);
  byte_io::push_varint(out, integers[ColumnSummary::kMax] - high);
}

bool take_summary(ByteInput& in, std::uint32_t points, ColumnSummary& summary) {
  std::uint8_t head = 0;
  FloatForm form;
  std::uint32_t absent = 0;
  if (!in.fixed(head) || head >> kTypeShift >= kTypes.size()) return false;
  summary = {.type = kTypes[head >> kTypeShift]};
  const bool is_int = summary.type == ColumnType::kInt;
  const auto mapping = static_cast<std::uint8_t>(head & kFormMask);
  if (is_int && mapping > 1) return false;
  if (is_int && mapping == 1 && !in.fixed(summary.unsigned_mask)) return false;
  if (!is_int && !take_form(mapping, in, form)) return false;
  if ((head & kHasCount) != 0 && !in.bounded(absent, points)) return false;
  summary.count = points - absent;
  if ((head & kHasNans) != 0 && !in.bounded(summary.nans, summary.count)) return false;
  if (summary.count == 0) return true;
  std::int64_t running = 0;
  if (!in.delta(running)) return false;
  Integers integers;
  integers.fill(static_cast<std::uint64_t>(running));
  if ((head & kIsConstant) == 0) {
    if (!in.delta(running)) return false;
    integers[ColumnSummary::kLast] = static_cast<std::uint64_t>(running);
    std::uint64_t below = 0;
    std::uint64_t above = 0;
    const bool has_extremes = summary.nans < summary.count;
    if (has_extremes && (!in.varint(below) || !in.varint(above))) return false;
    const auto [low, high] = ends_of(integers);
    if (has_extremes) integers[ColumnSummary::kMin] = low - below;
    if (has_extremes) integers[ColumnSummary::kMax] = high + above;
  }
  for (std::size_t i = 0; i < integers.size(); ++i)
    summary.bits[i] = is_int ? integers[i] : from_integer(integers[i], size_of(summary.type), form);
  return true;
}

}  // namespace zbag
