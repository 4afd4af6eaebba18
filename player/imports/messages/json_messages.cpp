#include "player/imports/messages/json_messages.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "player/imports/json_line.hpp"
#include "player/imports/messages/own_stamp.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/frame.hpp"
#include "schemas/json_text.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

// What a schema says of a value.
struct Shape {
  enum class Of : std::uint8_t { kAnything, kNumber, kBytes, kOther };
  Of of = Of::kAnything;
  std::map<std::string, Shape, std::less<>> members;
  std::vector<Shape> items;  // one, of a list
};

bool is_type(const Value* type, std::string_view name) {
  if (type == nullptr) return false;
  if (const auto* text = type->get_if<std::string>()) return *text == name;
  const auto* list = type->get_if<Array>();
  return list != nullptr &&
         std::ranges::any_of(*list, [&](const Value& one) { return is_type(&one, name); });
}

// As deep as the schema is, which its parser bounds.
Shape shape_of(const Fields& schema) {
  Shape shape;
  const Value* const type = find_field(schema, "type");
  const bool is_base64 = text_field(schema, "contentEncoding") == "base64";
  if (is_type(type, "number"))
    shape.of = Shape::Of::kNumber;
  else if (type != nullptr)
    shape.of = is_base64 ? Shape::Of::kBytes : Shape::Of::kOther;
  for (const auto& [name, value] : map_field(schema, "properties")) {
    if (const auto* member = value.get_if<Fields>()) shape.members.emplace(name, shape_of(*member));
  }
  if (const auto* items = field_as<Fields>(schema, "items"))
    shape.items.push_back(shape_of(*items));
  return shape;
}

Shape shape_of(const OriginalSchema& schema) {
  if (schema.encoding != "jsonschema") return {};
  const Result<Value> parsed = parse_json_line(schema.text);
  const auto* const fields = parsed ? parsed->get_if<Fields>() : nullptr;
  return fields == nullptr ? Shape() : shape_of(*fields);
}

// JSON has one kind of numbers: 1.0 is often written as 1.
void make_number(Value& value) {
  constexpr double kExact = 9007199254740992.0;  // up to here every whole number is a double
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (value.is_nil()) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (const auto* text = value.get_if<std::string>()) {
    if (*text == "NaN")
      value = std::numeric_limits<double>::quiet_NaN();
    else if (*text == "inf" || *text == "Infinity")
      value = kInfinity;
    else if (*text == "-inf" || *text == "-Infinity")
      value = -kInfinity;
  } else if (const std::optional<double> number = number_of(value)) {
    if (value.get_if<float>() == nullptr && std::abs(*number) <= kExact) value = *number;
  }
}

// In a place that is of no number, the dialect's words for numbers are what they look like.
void unmake_number(Value& value) {
  const auto* const number = value.get_if<double>();
  if (number == nullptr || std::isfinite(*number)) return;
  value = std::isnan(*number) ? Value() : Value(*number > 0 ? "inf" : "-inf");
}

void give_shape(const Shape& shape, bool is_export, Value& value) {
  if (shape.of == Shape::Of::kNumber && !is_export) make_number(value);
  if (shape.of == Shape::Of::kOther || shape.of == Shape::Of::kBytes) {
    if (is_export) unmake_number(value);
  }
  if (const auto* text = value.get_if<std::string>(); text && shape.of == Shape::Of::kBytes) {
    if (std::optional<std::string> bytes = unbase64(*text)) value = Binary{std::move(*bytes)};
  } else if (auto* list = value.get_if<Array>(); list && !shape.items.empty()) {
    for (Value& one : *list) give_shape(shape.items.front(), is_export, one);
  } else if (auto* fields = value.get_if<Fields>()) {
    for (auto& [name, member] : *fields) {
      const auto found = shape.members.find(name);
      if (found != shape.members.end()) give_shape(found->second, is_export, member);
    }
  }
}

class JsonMessages : public PayloadDecoder {
 public:
  JsonMessages(Shape shape, std::size_t values_max)
      : shape_(std::move(shape)), values_max_(values_max) {}

  Status decode(std::span<const std::uint8_t> message, std::string& map,
                std::optional<std::int64_t>& stamp_ns) override {
    Result<Value> value = parse_json_line(text_of(message), values_max_);
    if (!value) return tl::unexpected(value.error());
    auto* const fields = value->get_if<Fields>();
    if (fields == nullptr) return fail(ErrorCode::kInvalid, "it is no object of JSON");
    const bool is_export = !fields->empty() && fields->front().first == "_ts" &&
                           number_of(fields->front().second).has_value();
    if (is_export) {
      if (Status resolved = resolve_fields(*fields, JsonDialect::kPlain); !resolved)
        return resolved;
    }
    give_shape(shape_, is_export, *value);
    map.clear();
    encode_fields(*fields, map);
    stamp_ns = own_stamp_of(bytes_of(map));
    return {};
  }

 private:
  const Shape shape_;
  const std::size_t values_max_;
};

}  // namespace

std::unique_ptr<PayloadDecoder> json_decoder(const OriginalSchema& schema, std::size_t values_max) {
  return std::make_unique<JsonMessages>(shape_of(schema), values_max);
}

}  // namespace zbag
