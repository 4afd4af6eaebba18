// Typed look-ups in fields: what a record, a request or an announcement holds under a name. A field
// that is missing, or of another type, gives the fallback.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/frame.hpp"

namespace zbag {

// nullptr: missing, or of another type. Lives as long as `fields`.
template <class T>
const T* field_as(const Fields& fields, std::string_view name) {
  const Value* value = find_field(fields, name);
  return value == nullptr ? nullptr : value->get_if<T>();
}

std::uint64_t uint_field(const Fields& fields, std::string_view name, std::uint64_t fallback = 0);
// An integer of any sign; what lies above INT64_MAX wraps around.
std::optional<std::int64_t> int_field(const Fields& fields, std::string_view name);
double float_field(const Fields& fields, std::string_view name, double fallback = 0.0);
bool bool_field(const Fields& fields, std::string_view name);
std::string text_field(const Fields& fields, std::string_view name);
// Empty where there is none. Lives as long as `fields`.
const Fields& map_field(const Fields& fields, std::string_view name);

// An integer or a float of any size, as a double.
std::optional<double> number_of(const Value& value);
double number_field(const Fields& fields, std::string_view name, double fallback);

}  // namespace zbag
