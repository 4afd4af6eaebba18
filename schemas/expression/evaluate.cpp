#include "schemas/expression/evaluate.hpp"

#include <algorithm>
#include <compare>
#include <optional>

#include "schemas/chosen_fields.hpp"
#include "schemas/item.hpp"

namespace zbag::expression {
namespace {

// `and` is the least of its parts, `or` the greatest.
enum class Truth : std::uint8_t { kFalse, kUnknown, kTrue };

Truth truth_of(bool is_true) { return is_true ? Truth::kTrue : Truth::kFalse; }
Truth negated(Truth truth) {
  if (truth == Truth::kUnknown) return truth;
  return truth_of(truth == Truth::kFalse);
}

// What is no list, or has fewer, has none.
Scalar element_of(std::span<const std::uint8_t> list, std::size_t element) {
  item::Cursor in(list);
  std::uint32_t count = 0;
  if (!item::take_array(in, count) || element >= count) return Null{};
  for (std::size_t i = 0; i < element; ++i) {
    if (item::skip(in) != item::Fault::kNone) return Null{};
  }
  return scalar_of({in.at, in.left()});
}

// The point that is looked at.
struct Subject {
  MapBytes fields;
  Timestamp stamp;

  Scalar value_of(const Operand& operand) const {
    switch (operand.kind) {
      case Operand::Kind::kStamp:
        return stamp;
      case Operand::Kind::kText:
        return std::string_view(operand.text);
      case Operand::Kind::kValue:
        return operand.value;
      case Operand::Kind::kField:
        break;
    }
    const std::optional<std::span<const std::uint8_t>> value = value_of_field(fields, operand.text);
    if (!value) return Null{};
    return operand.element ? element_of(*value, *operand.element) : scalar_of(*value);
  }
};

Truth compare(Test test, const Scalar& a, const Scalar& b) {
  const std::optional<std::partial_ordering> found = order(a, b);
  if (!found) return Truth::kUnknown;
  switch (test) {
    case Test::kEqual:
      return truth_of(std::is_eq(*found));
    case Test::kUnequal:
      return truth_of(std::is_neq(*found));
    case Test::kLess:
      return truth_of(std::is_lt(*found));
    case Test::kLessOrEqual:
      return truth_of(std::is_lteq(*found));
    case Test::kGreater:
      return truth_of(std::is_gt(*found));
    case Test::kGreaterOrEqual:
      return truth_of(std::is_gteq(*found));
    default:
      return Truth::kUnknown;
  }
}

Truth compare_texts(Test test, const Scalar& whole, const Scalar& part) {
  const auto* text = std::get_if<std::string_view>(&whole);
  const auto* wanted = std::get_if<std::string_view>(&part);
  if (text == nullptr || wanted == nullptr) return Truth::kUnknown;
  if (test == Test::kStarts) return truth_of(text->starts_with(*wanted));
  if (test == Test::kEnds) return truth_of(text->ends_with(*wanted));
  return truth_of(text->find(*wanted) != std::string_view::npos);
}

Truth try_test(const Node& node, const Subject& point) {
  const Scalar value = point.value_of(node.subject);
  const auto other = [&](std::size_t n) { return point.value_of(node.against[n]); };
  switch (node.test) {
    case Test::kIsNull:
      return truth_of(std::holds_alternative<Null>(value));
    case Test::kContains:
    case Test::kStarts:
    case Test::kEnds:
      return compare_texts(node.test, value, other(0));
    case Test::kBetween:
      return std::min(compare(Test::kGreaterOrEqual, value, other(0)),
                      compare(Test::kLessOrEqual, value, other(1)));
    case Test::kIn: {
      Truth any = Truth::kFalse;
      for (std::size_t n = 0; n < node.against.size() && any != Truth::kTrue; ++n)
        any = std::max(any, compare(Test::kEqual, value, other(n)));
      return any;
    }
    default:
      return compare(node.test, value, other(0));
  }
}

Truth evaluate(const Node& node, const Subject& point) {
  if (node.kind == Node::Kind::kTest) return try_test(node, point);
  if (node.kind == Node::Kind::kNot) return negated(evaluate(node.parts.front(), point));
  const bool is_and = node.kind == Node::Kind::kAnd;
  const Truth decided = truth_of(!is_and);  // by one part, whatever the others are
  Truth truth = truth_of(is_and);
  for (const Node& part : node.parts) {
    const Truth one = evaluate(part, point);
    truth = is_and ? std::min(truth, one) : std::max(truth, one);
    if (truth == decided) break;
  }
  return truth;
}

}  // namespace

bool is_true(const Node& node, MapBytes fields, Timestamp stamp) {
  return evaluate(node, {fields, stamp}) == Truth::kTrue;
}

}  // namespace zbag::expression
