#include "player/imports/tables/cell_value.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "player/imports/json_line.hpp"
#include "schemas/item.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr std::size_t kShownMax = 40;
constexpr std::size_t kNumberBytesMax = 512;  // more digits than any float64 has in front of them

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// What programs write where there is no number.
bool is_missing(std::string_view text) {
  constexpr std::array<std::string_view, 10> kWords = {"NA",   "N/A",  "n/a",  "#N/A", "<NA>",
                                                       "null", "NULL", "None", "-",    "--"};
  return std::ranges::find(kWords, trimmed(text)) != kWords.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether `text` is `word`, given in small letters, in letters of any case.
bool is_word(std::string_view text, std::string_view word) {
  return std::ranges::equal(text, word, [](char a, char b) { return (a | 0x20) == b; });
}

std::optional<double> word_of_number(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (is_word(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  if (!is_word(text, "inf") && !is_word(text, "infinity")) return std::nullopt;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return is_negative ? -kInfinity : kInfinity;
}

template <class T>
std::optional<T> parsed(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Where a float64 holds it.
std::optional<double> exact_double(const CellNumber& number) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  const double real = as_double(number);
  if (const auto* const count = std::get_if<std::uint64_t>(&number)) {
    const bool is_exact = real < 2 * kTwoTo63 && static_cast<std::uint64_t>(real) == *count;
    return is_exact ? std::optional(real) : std::nullopt;
  }
  if (const auto* const whole = std::get_if<std::int64_t>(&number)) {
    const bool is_exact = real < kTwoTo63 && static_cast<std::int64_t>(real) == *whole;
    return is_exact ? std::optional(real) : std::nullopt;
  }
  return real;
}

std::optional<Value> json_value(std::string_view text) {
  Result<Value> value = parse_json_line(text);
  if (!value || !resolve_words(*value, JsonDialect::kPlain)) return std::nullopt;
  return std::move(*value);
}

std::optional<Value> json_of_cell(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with('[') && !text.starts_with('{')) return std::nullopt;
  return json_value(text);
}

}  // namespace

std::optional<CellNumber> number_of_cell(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || text.size() > kNumberBytesMax) return std::nullopt;
  std::string_view digits = text;
  const bool has_plus = text.front() == '+';
  if (has_plus || text.front() == '-') digits.remove_prefix(1);
  if (digits.empty()) return std::nullopt;
  if (!is_digit(digits.front()) && digits.front() != '.') {
    const std::optional<double> word = word_of_number(text);
    return word ? std::optional<CellNumber>(*word) : std::nullopt;
  }
  const bool is_name = digits.size() > 1 && digits.front() == '0' && is_digit(digits[1]);
  if (is_name) return std::nullopt;
  if (has_plus) text.remove_prefix(1);
  if (text != "-0" && std::ranges::all_of(digits, is_digit)) {
    if (const auto whole = parsed<std::int64_t>(text)) return *whole;
    const auto count = parsed<std::uint64_t>(text);
    return count ? std::optional<CellNumber>(*count) : std::nullopt;
  }
  const auto real = parsed<double>(text);
  return real ? std::optional<CellNumber>(*real) : std::nullopt;
}

double as_double(const CellNumber& number) {
  return std::visit([](auto value) { return static_cast<double>(value); }, number);
}

std::optional<CellNumber> number_of_item(std::string_view item) {
  item::Cursor in(bytes_of(item));
  std::uint64_t bits = 0;
  bool is_above = false;
  if (item::take_int(in, bits, is_above))
    return is_above ? CellNumber(bits) : CellNumber(static_cast<std::int64_t>(bits));
  double real = 0.0;
  if (item::take_number(in, real)) return real;
  return std::nullopt;
}

std::optional<std::int64_t> int_of_item(std::string_view item) {
  const std::optional<CellNumber> number = number_of_item(item);
  const auto* const whole = number ? std::get_if<std::int64_t>(&*number) : nullptr;
  return whole != nullptr ? std::optional(*whole) : std::nullopt;
}

void append_number(const CellNumber& number, std::string& out) {
  item::append_item(out, [&](std::uint8_t*& at) {
    if (const auto* const real = std::get_if<double>(&number)) {
      item::put_float64(at, std::bit_cast<std::uint64_t>(*real));
    } else if (const auto* const count = std::get_if<std::uint64_t>(&number)) {
      item::put_unsigned(at, *count);
    } else {
      item::put_signed(at, std::get<std::int64_t>(number));
    }
  });
}

std::optional<bool> bool_of_cell(std::string_view text) {
  text = trimmed(text);
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

bool append_json_cell(std::string_view text, std::string& out) {
  const std::optional<Value> value = json_of_cell(text);
  if (value) encode_value(*value, out);
  return value.has_value();
}

bool append_json(std::string_view text, std::string& out) {
  const std::optional<Value> value = json_value(text);
  if (value) encode_value(*value, out);
  return value.has_value();
}

void ColumnGuess::see(std::string_view text) {
  if (text.empty() || is_none_else() || is_missing(text)) return;
  has_value_ = true;
  may_be_bool_ = may_be_bool_ && bool_of_cell(text);
  const std::optional<CellNumber> number = may_be_number_ ? number_of_cell(text) : std::nullopt;
  if (may_be_number_ && !number) odd_one_ = text.substr(0, kShownMax);
  may_be_number_ = number.has_value();
  if (may_be_number_) ++numbers_;
  are_whole_ = are_whole_ && number && !std::holds_alternative<double>(*number);
  may_be_json_ = may_be_json_ && json_of_cell(text);
}

bool ColumnGuess::append(std::string_view text, std::string& out) const {
  if (is_text()) {
    item::append_text(out, text);
    return true;
  }
  if (is_missing(text)) return false;
  if (may_be_number_) {
    std::optional<CellNumber> number = number_of_cell(text);
    if (!number) return false;
    const std::optional<double> real = are_whole_ ? std::nullopt : exact_double(*number);
    append_number(real ? CellNumber(*real) : *number, out);
    return true;
  }
  if (may_be_bool_) {
    const std::optional<bool> flag = bool_of_cell(text);
    if (flag) item::append_item(out, [&](std::uint8_t*& at) { item::put_bool(at, *flag); });
    return flag.has_value();
  }
  return append_json_cell(text, out);
}

}  // namespace zbag
