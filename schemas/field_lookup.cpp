#include "schemas/field_lookup.hpp"

namespace zbag {

std::uint64_t uint_field(const Fields& fields, std::string_view name, std::uint64_t fallback) {
  const auto* number = field_as<std::uint64_t>(fields, name);
  return number == nullptr ? fallback : *number;
}

std::optional<std::int64_t> int_field(const Fields& fields, std::string_view name) {
  if (const auto* negative = field_as<std::int64_t>(fields, name)) return *negative;
  if (const auto* positive = field_as<std::uint64_t>(fields, name))
    return static_cast<std::int64_t>(*positive);
  return std::nullopt;
}

double float_field(const Fields& fields, std::string_view name, double fallback) {
  const auto* number = field_as<double>(fields, name);
  return number == nullptr ? fallback : *number;
}

bool bool_field(const Fields& fields, std::string_view name) {
  const auto* value = field_as<bool>(fields, name);
  return value != nullptr && *value;
}

std::string text_field(const Fields& fields, std::string_view name) {
  const auto* text = field_as<std::string>(fields, name);
  return text == nullptr ? std::string() : *text;
}

const Fields& map_field(const Fields& fields, std::string_view name) {
  static const Fields kNone;
  const auto* map = field_as<Fields>(fields, name);
  return map == nullptr ? kNone : *map;
}

std::optional<double> number_of(const Value& value) {
  if (const auto* number = value.get_if<double>()) return *number;
  if (const auto* number = value.get_if<float>()) return *number;
  if (const auto* number = value.get_if<std::int64_t>()) return static_cast<double>(*number);
  if (const auto* number = value.get_if<std::uint64_t>()) return static_cast<double>(*number);
  return std::nullopt;
}

double number_field(const Fields& fields, std::string_view name, double fallback) {
  const Value* value = find_field(fields, name);
  return value == nullptr ? fallback : number_of(*value).value_or(fallback);
}

}  // namespace zbag
