#include "player/query/analytics/number_column.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "schemas/item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// "[2]" at the end of `text`, which is taken off it.
std::optional<std::size_t> take_element(std::string_view& text) {
  const std::size_t open = text.rfind('[');
  if (open == std::string_view::npos || open == 0 || !text.ends_with("]")) return std::nullopt;
  const std::string_view digits = text.substr(open + 1, text.size() - open - 2);
  std::size_t element = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), element);
  if (error != std::errc() || digits.empty() || end != digits.data() + digits.size())
    return std::nullopt;
  text = text.substr(0, open);
  return element;
}

bool is_dotted(const FieldNames& names, std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_last = i + 1 == names.size();
    if (!text.starts_with(names[i])) return false;
    text.remove_prefix(names[i].size());
    if (!is_last && !text.starts_with('.')) return false;
    if (!is_last) text.remove_prefix(1);
  }
  return text.empty();
}

const FieldNames* leaf_of(std::string_view text, const std::vector<FieldNames>& leaves) {
  const auto found =
      std::ranges::find_if(leaves, [&](const FieldNames& leaf) { return is_dotted(leaf, text); });
  return found == leaves.end() ? nullptr : &*found;
}

bool is_one_of(std::string_view text, const std::set<std::string>& known,
               const std::vector<FieldNames>& leaves) {
  return known.contains(std::string(text)) || leaf_of(text, leaves) != nullptr;
}

FieldNames names_of(std::string_view text, const std::set<std::string>& known,
                    const std::vector<FieldNames>& leaves) {
  if (known.contains(std::string(text))) return {std::string(text)};
  const FieldNames* const leaf = leaf_of(text, leaves);
  return leaf == nullptr ? split_field(text) : *leaf;
}

// The values of one part, by their number among its points.
class PartNumbers {
 public:
  PartNumbers(const FieldPart& part, std::optional<std::size_t> element)
      : part_(part), element_(element) {}

  double next(Skipped& skipped) {
    const std::size_t point = next_++;
    if (is_list(part_.type)) return of_list(point, skipped);
    if (part_.type == ColumnType::kOther && element_) return of_other(point, skipped);
    if (part_.type == ColumnType::kNil) return none(skipped.nil);
    if (is_bytes(part_.type) || element_) return none(skipped.not_numbers);
    return checked(number(point), skipped);
  }

 private:
  static double none(std::uint64_t& why) {
    ++why;
    return kNone;
  }

  static double checked(double number, Skipped& skipped) {
    if (std::isnan(number)) ++skipped.nan;
    if (std::isinf(number)) ++skipped.infinite;
    return number;
  }

  std::size_t begin_of(std::size_t point) const { return point == 0 ? 0 : part_.ends[point - 1]; }

  double of_list(std::size_t point, Skipped& skipped) {
    if (!element_) return none(skipped.not_numbers);
    const std::size_t begin = begin_of(point);
    if (*element_ >= part_.ends[point] - begin) return none(skipped.absent);
    return checked(number(begin + *element_), skipped);
  }

  // Arrays of several types are stored as they came.
  double of_other(std::size_t point, Skipped& skipped) const {
    const std::size_t begin = begin_of(point);
    item::Cursor in(std::span(part_.bytes).subspan(begin, part_.ends[point] - begin));
    std::uint32_t count = 0;
    if (!item::take_array(in, count)) return none(skipped.not_numbers);
    if (*element_ >= count) return none(skipped.absent);
    for (std::size_t i = 0; i < *element_; ++i) {
      if (item::skip(in) != item::Fault::kNone) return none(skipped.not_numbers);
    }
    if (item::take_nil(in)) return none(skipped.nil);
    std::uint64_t bits = 0;
    if (item::take_bool(in, bits)) return static_cast<double>(bits);
    double number = 0.0;
    return item::take_number(in, number) ? checked(number, skipped) : none(skipped.not_numbers);
  }

  // REQUIRES: `at` never decreases.
  double number(std::size_t at) {
    switch (part_.type) {
      case ColumnType::kBool:
        return part_.bools[at];
      case ColumnType::kFloat32:
      case ColumnType::kFloat32s:
        return part_.floats[at];
      case ColumnType::kFloat64:
      case ColumnType::kFloat64s:
        return part_.doubles[at];
      default:
        return is_unsigned(at) ? static_cast<double>(static_cast<std::uint64_t>(part_.ints[at]))
                               : static_cast<double>(part_.ints[at]);
    }
  }

  bool is_unsigned(std::size_t at) {
    while (unsigned_ < part_.unsigned_at.size() && part_.unsigned_at[unsigned_] < at) ++unsigned_;
    return unsigned_ < part_.unsigned_at.size() && part_.unsigned_at[unsigned_] == at;
  }

  const FieldPart& part_;
  std::optional<std::size_t> element_;
  std::size_t next_ = 0;
  std::size_t unsigned_ = 0;
};

// A double each, as most fields are.
bool append_doubles(const FieldColumn& column, std::vector<double>& numbers, Skipped& skipped) {
  if (!column.is_everywhere() || column.parts[0].type != ColumnType::kFloat64) return false;
  const std::vector<double>& doubles = column.parts[0].doubles;
  for (const double number : doubles) {
    skipped.nan += std::isnan(number) ? 1 : 0;
    skipped.infinite += std::isinf(number) ? 1 : 0;
  }
  numbers.insert(numbers.end(), doubles.begin(), doubles.end());
  return true;
}

std::optional<Group> group_of(const FieldPart& part, std::size_t point) {
  switch (part.type) {
    case ColumnType::kBool:
      return Group(part.bools[point] != 0);
    case ColumnType::kInt: {
      const bool is_unsigned =
          std::binary_search(part.unsigned_at.begin(), part.unsigned_at.end(), point);
      if (is_unsigned) return Group(static_cast<std::uint64_t>(part.ints[point]));
      return Group(part.ints[point]);
    }
    case ColumnType::kText: {
      const std::size_t begin = point == 0 ? 0 : part.ends[point - 1];
      const auto text = std::span(part.bytes).subspan(begin, part.ends[point] - begin);
      return Group(std::string(text_of(text)));
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

ValueField ValueField::parse(std::string_view text, const std::set<std::string>& known,
                             const std::vector<FieldNames>& leaves) {
  ValueField field{std::string(text), {}, std::nullopt};
  if (!is_one_of(text, known, leaves)) field.element = take_element(text);
  field.names = names_of(text, known, leaves);
  return field;
}

void append_numbers(const FieldColumn& column, std::optional<std::size_t> element,
                    std::vector<double>& numbers, Skipped& skipped) {
  if (!element && append_doubles(column, numbers, skipped)) return;
  std::vector<PartNumbers> parts;
  parts.reserve(column.parts.size());
  for (const FieldPart& part : column.parts) parts.emplace_back(part, element);
  for (const std::uint8_t code : column.validity) {
    if (code == 0) ++skipped.absent;
    numbers.push_back(code == 0 ? kNone : parts[code - 1u].next(skipped));
  }
}

void append_groups(const FieldColumn& column, std::vector<std::optional<Group>>& groups) {
  std::vector<std::size_t> next(column.parts.size(), 0);
  for (const std::uint8_t code : column.validity)
    groups.push_back(code == 0 ? std::nullopt
                               : group_of(column.parts[code - 1u], next[code - 1u]++));
}

}  // namespace zbag
