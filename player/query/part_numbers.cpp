#include "player/query/part_numbers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace zbag {
namespace {

template <class From, class To>
void copy_as(const std::vector<From>& from, std::size_t begin, std::span<To> into) {
  std::transform(from.data() + begin, from.data() + begin + into.size(), into.data(),
                 [](From value) { return static_cast<To>(value); });
}

// The positions in [begin, begin + count) whose ints are uint64s.
std::span<const std::uint64_t> above_in(const FieldPart& part, std::size_t begin,
                                        std::size_t count) {
  const auto& all = part.unsigned_at;
  if (all.empty()) return {};
  const auto from = std::lower_bound(all.begin(), all.end(), begin);
  return {from, std::lower_bound(from, all.end(), begin + count)};
}

std::uint64_t unsigned_of(const FieldPart& part, std::size_t at) {
  return static_cast<std::uint64_t>(part.ints[at]);
}

}  // namespace

Status copy_numbers(const FieldPart& part, std::size_t begin, std::span<bool> into) {
  copy_as(part.bools, begin, into);
  return {};
}

Status copy_numbers(const FieldPart& part, std::size_t begin, std::span<std::int64_t> into) {
  copy_as(part.ints, begin, into);
  const auto above = above_in(part, begin, into.size());
  if (above.empty()) return {};
  return fail(ErrorCode::kUnsupported,
              fmt::format("{} is more than BIGINT holds", unsigned_of(part, above.front())));
}

Status copy_numbers(const FieldPart& part, std::size_t begin, std::span<std::uint64_t> into) {
  std::size_t above = above_in(part, begin, into.size()).size();
  for (std::size_t i = 0; i < into.size(); ++i) {
    const std::int64_t value = part.ints[begin + i];
    into[i] = static_cast<std::uint64_t>(value);
    if (value >= 0) continue;
    // Of those that look so, as many are above INT64_MAX as the part says; the others are below 0.
    if (above == 0) return fail(ErrorCode::kUnsupported, fmt::format("{} is below 0", value));
    --above;
  }
  return {};
}

Status copy_numbers(const FieldPart& part, std::size_t begin, std::span<duckdb_hugeint> into) {
  for (std::size_t i = 0; i < into.size(); ++i) {
    const std::int64_t value = part.ints[begin + i];
    into[i] = {.lower = static_cast<std::uint64_t>(value), .upper = value < 0 ? -1 : 0};
  }
  for (const std::uint64_t at : above_in(part, begin, into.size())) into[at - begin].upper = 0;
  return {};
}

Status copy_numbers(const FieldPart& part, std::size_t begin, std::span<double> into) {
  if (part.type == ColumnType::kFloat64 || part.type == ColumnType::kFloat64s) {
    copy_as(part.doubles, begin, into);
  } else if (part.type == ColumnType::kFloat32 || part.type == ColumnType::kFloat32s) {
    copy_as(part.floats, begin, into);
  } else {
    copy_as(part.ints, begin, into);
    for (const std::uint64_t at : above_in(part, begin, into.size()))
      into[at - begin] = static_cast<double>(unsigned_of(part, at));
  }
  return {};
}

}  // namespace zbag
