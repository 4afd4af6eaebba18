#include "schemas/expression/stamp_range.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace zbag::expression {
namespace {

constexpr std::int64_t kFirst = TimeRange::all().first;
constexpr std::int64_t kLast = TimeRange::all().last;

TimeRange from(std::int64_t key) { return {key, kLast}; }
TimeRange up_to(std::int64_t key) { return {kFirst, key}; }
TimeRange after(std::int64_t key) { return key == kLast ? TimeRange::none() : from(key + 1); }
TimeRange before(std::int64_t key) { return key == kFirst ? TimeRange::none() : up_to(key - 1); }

TimeRange common(TimeRange a, TimeRange b) {
  return {std::max(a.first, b.first), std::min(a.last, b.last)};
}
// The least that has both.
TimeRange cover(TimeRange a, TimeRange b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return {std::min(a.first, b.first), std::max(a.last, b.last)};
}

std::optional<std::int64_t> key_of(const Operand& operand) {
  const auto* stamp = std::get_if<Timestamp>(&operand.value);
  return stamp == nullptr ? std::nullopt : std::optional(stamp->ns());
}

// Of a comparison of `_ts` with `key`, which is true or false, never unknown.
TimeRange range_compared(Test test, std::int64_t key, bool truth) {
  switch (test) {
    case Test::kEqual:
      return truth ? TimeRange{key, key} : TimeRange::all();
    case Test::kUnequal:
      return truth ? TimeRange::all() : TimeRange{key, key};
    case Test::kLess:
      return truth ? before(key) : from(key);
    case Test::kLessOrEqual:
      return truth ? up_to(key) : after(key);
    case Test::kGreater:
      return truth ? after(key) : up_to(key);
    case Test::kGreaterOrEqual:
      return truth ? from(key) : before(key);
    default:
      return TimeRange::all();
  }
}

TimeRange range_of_test(const Node& node, bool truth) {
  if (node.subject.kind != Operand::Kind::kStamp) return TimeRange::all();
  TimeRange range = truth ? TimeRange::none() : TimeRange::all();
  switch (node.test) {
    case Test::kIsNull:
      return range;
    case Test::kIn:
      if (!truth) return range;
      for (const Operand& one : node.against) {
        const std::optional<std::int64_t> key = key_of(one);
        range = cover(range, key ? TimeRange{*key, *key} : TimeRange::all());
      }
      return range;
    case Test::kBetween: {
      if (!truth) return range;
      const std::optional<std::int64_t> low = key_of(node.against[0]);
      const std::optional<std::int64_t> high = key_of(node.against[1]);
      return common(low ? from(*low) : TimeRange::all(), high ? up_to(*high) : TimeRange::all());
    }
    default: {
      const std::optional<std::int64_t> key = key_of(node.against[0]);
      return key ? range_compared(node.test, *key, truth) : TimeRange::all();
    }
  }
}

}  // namespace

TimeRange range_where(const Node& node, bool truth) {
  if (node.kind == Node::Kind::kTest) return range_of_test(node, truth);
  if (node.kind == Node::Kind::kNot) return range_where(node.parts.front(), !truth);
  const bool needs_all = (node.kind == Node::Kind::kAnd) == truth;
  TimeRange range = needs_all ? TimeRange::all() : TimeRange::none();
  for (const Node& part : node.parts) {
    const TimeRange one = range_where(part, truth);
    range = needs_all ? common(range, one) : cover(range, one);
  }
  return range;
}

}  // namespace zbag::expression
