#include "schemas/expression/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "schemas/track_name.hpp"

namespace zbag::expression {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || c == '_' || c == '"' || static_cast<unsigned char>(c) >= 0x80;
}

// What is said of a sign that is none of ours.
std::string no_symbol(std::string_view text) {
  // Of languages that write so what is a word here.
  static constexpr std::array<std::array<std::string_view, 2>, 5> kOthers{
      {{"&&", "and"}, {"||", "or"}, {"&", "and"}, {"|", "or"}, {"!", "not"}}};
  for (const auto& [sign, word] : kOthers) {
    if (text.starts_with(sign)) return fmt::format("'{}' means nothing: write '{}'", sign, word);
  }
  return fmt::format("'{}' means nothing", printable(text.substr(0, 1)));
}

}  // namespace

tl::unexpected<Error> Words::fault(std::size_t at, const std::string& what) const {
  const std::string_view before = text_.substr(0, at);
  const auto characters =
      std::count_if(before.begin(), before.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return fail(ErrorCode::kInvalid, fmt::format("{} at character {}", what, characters + 1));
}

Result<Word> Words::next() {
  while (is_blank(peek())) ++at_;
  Word word;
  word.at = at_;
  if (at_ == text_.size()) return word;
  if (begins_name(peek())) return take_name();
  if (is_digit(peek()) || peek() == '-' || peek() == '+' || peek() == '.') return take_number();
  if (peek() == '\'') {
    word.kind = Word::Kind::kText;
    if (Status whole = take_quoted(word.text); !whole) return tl::unexpected(whole.error());
  } else {
    static constexpr std::array<std::string_view, 12> kSymbols = {
        "==", "!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ",", ":"};
    const auto* const symbol = std::ranges::find_if(
        kSymbols, [&](std::string_view one) { return text_.substr(at_).starts_with(one); });
    if (symbol == kSymbols.end()) return fault(at_, no_symbol(text_.substr(at_)));
    word.kind = Word::Kind::kSymbol;
    at_ += symbol->size();
  }
  word.written = text_.substr(word.at, at_ - word.at);
  return word;
}

// A quote is doubled inside of quotes.
Status Words::take_quoted(std::string& into) {
  const std::size_t from = at_;
  const char quote = text_[at_++];
  while (true) {
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos)
      return fault(from, fmt::format("the quote {} is never closed, begun", quote));
    into += text_.substr(at_, end - at_);
    at_ = end + 1;
    if (peek() != quote) return {};
    into += quote;
    ++at_;
  }
}

Result<Word> Words::take_name() {
  Word word;
  word.kind = Word::Kind::kName;
  word.at = at_;
  while (true) {
    if (peek() == '*')
      return fault(at_, fmt::format("'{}.*': there are no patterns of fields: write one, as "
                                    "pose.position.x,",
                                    printable(word.text.substr(0, word.text.size() - 1))));
    if (!begins_name(peek())) return fault(at_, "a name ends in '.'");
    if (peek() == '"') {
      word.has_quotes = true;
      if (Status whole = take_quoted(word.text); !whole) return tl::unexpected(whole.error());
    } else {
      const std::size_t from = at_;
      while (peek() != '"' && (begins_name(peek()) || is_digit(peek()))) ++at_;
      word.text += text_.substr(from, at_ - from);
    }
    if (peek() != '.') break;
    word.text += '.';
    ++at_;
  }
  if (Status taken = take_element(word.element); !taken) return tl::unexpected(taken.error());
  word.written = text_.substr(word.at, at_ - word.at);
  return word;
}

Status Words::take_element(std::optional<std::size_t>& element) {
  if (peek() != '[') return {};
  const std::size_t from = at_;
  const std::size_t end = text_.find(']', at_);
  const std::string_view digits = text_.substr(at_ + 1, std::min(end, text_.size()) - at_ - 1);
  std::size_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_number =
      !digits.empty() && read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
  if (end == std::string_view::npos || !is_number)
    return fault(from, "of a list one value is written position[0], the first,");
  element = number;
  at_ = end + 1;
  if (peek() == '[' || peek() == '.') return fault(at_, "of a value of a list no part is named,");
  return {};
}

// Ints that MessagePack has are kept exactly; others, as all the rest, as the nearest double.
Result<Word> Words::take_number() {
  Word word;
  word.kind = Word::Kind::kNumber;
  word.at = at_;
  while (is_digit(peek()) || begins_name(peek()) || peek() == '.' || peek() == '-' || peek() == '+')
    ++at_;
  word.written = text_.substr(word.at, at_ - word.at);
  std::string_view digits = word.written;
  if (digits.starts_with('+') && digits.size() > 1 && digits[1] != '-') digits.remove_prefix(1);
  const char* const end = digits.data() + digits.size();
  const auto is_whole = [&](std::from_chars_result read) {
    return read.ec == std::errc{} && read.ptr == end;
  };
  std::int64_t whole = 0;
  std::uint64_t large = 0;
  double real = 0.0;
  if (is_whole(std::from_chars(digits.data(), end, whole)))
    word.number = Whole{whole};
  else if (is_whole(std::from_chars(digits.data(), end, large)))
    word.number = Whole{large};
  else if (digits.find_first_of("nN") == std::string_view::npos &&  // neither NaN nor infinity
           is_whole(std::from_chars(digits.data(), end, real)))
    word.number = real;
  else
    return fault(word.at, fmt::format("'{}' is no number", printable(word.written)));
  return word;
}

}  // namespace zbag::expression
