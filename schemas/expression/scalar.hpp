// Single values as expressions compare them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "schemas/timestamp.hpp"

namespace zbag::expression {

struct Null {};   // nil, or nothing at all
struct Other {};  // there, and compares with nothing: an array, a map, bytes, an extension
__extension__ typedef __int128 Whole;  // every int of MessagePack, signed or not

// Texts are lent.
using Scalar = std::variant<Null, Other, bool, Whole, double, std::string_view, Timestamp>;

// REQUIRES: one whole item.
Scalar scalar_of(std::span<const std::uint8_t> value);

// By exact value. nullopt: values of such types do not compare; unordered: one is NaN.
std::optional<std::partial_ordering> order(const Scalar& a, const Scalar& b);

}  // namespace zbag::expression
