#include "schemas/expression/scalar.hpp"

#include <bit>
#include <cmath>
#include <type_traits>

#include "schemas/item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag::expression {
namespace {

std::partial_ordering order_numbers(double a, double b) { return a <=> b; }
std::partial_ordering order_numbers(Whole a, Whole b) { return a <=> b; }
// A double has no room for every int, and an int none for a fraction: what is whole of the double
// is compared as ints.
std::partial_ordering order_numbers(Whole a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= 0x1p64) return std::partial_ordering::less;
  if (b < -0x1p63) return std::partial_ordering::greater;
  const double floor = std::floor(b);
  const std::strong_ordering wholes = a <=> static_cast<Whole>(floor);
  return std::is_eq(wholes) && floor < b ? std::partial_ordering::less : wholes;
}
std::partial_ordering order_numbers(double a, Whole b) {
  const std::partial_ordering turned = order_numbers(b, a);
  if (std::is_lt(turned)) return std::partial_ordering::greater;
  return std::is_gt(turned) ? std::partial_ordering::less : turned;
}

template <class T>
constexpr bool kIsNumber = std::is_same_v<T, Whole> || std::is_same_v<T, double>;

struct Orderer {
  using Order = std::optional<std::partial_ordering>;

  template <class A, class B>
  Order operator()(const A& a, const B& b) const {
    if constexpr (kIsNumber<A> && kIsNumber<B>)
      return order_numbers(a, b);
    else if constexpr (std::is_same_v<A, Timestamp> && kIsNumber<B>)
      return order_numbers(a.seconds(), b);
    else if constexpr (kIsNumber<A> && std::is_same_v<B, Timestamp>)
      return order_numbers(a, b.seconds());
    else
      return std::nullopt;
  }
  Order operator()(Timestamp a, Timestamp b) const { return a <=> b; }
  Order operator()(bool a, bool b) const { return a <=> b; }
  Order operator()(std::string_view a, std::string_view b) const { return a <=> b; }
};

}  // namespace

Scalar scalar_of(std::span<const std::uint8_t> value) {
  item::Cursor in(value);
  std::uint64_t bits = 0;
  bool is_above_signed = false;
  std::span<const std::uint8_t> text;
  if (item::take_float64(in, bits)) return std::bit_cast<double>(bits);
  if (item::take_int(in, bits, is_above_signed))
    return is_above_signed ? Whole{bits} : Whole{static_cast<std::int64_t>(bits)};
  if (item::take_text(in, text)) return text_of(text);
  if (item::take_bool(in, bits)) return bits != 0;
  if (item::take_float32(in, bits))
    return double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))};
  if (item::take_nil(in)) return Null{};
  return Other{};
}

std::optional<std::partial_ordering> order(const Scalar& a, const Scalar& b) {
  return std::visit(Orderer{}, a, b);
}

}  // namespace zbag::expression
