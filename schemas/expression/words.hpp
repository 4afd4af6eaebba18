// The words an expression is written in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/expression/scalar.hpp"
#include "schemas/result.hpp"

namespace zbag::expression {

struct Word {
  enum class Kind : std::uint8_t { kEnd, kSymbol, kName, kText, kNumber };

  Kind kind = Kind::kEnd;
  std::size_t at = 0;                  // in the text
  std::string_view written;            // as it stands there
  std::string text;                    // of a name or a text, without its quotes
  bool has_quotes = false;             // of a name: it is no word of the language
  std::optional<std::size_t> element;  // of a name: behind it, in brackets
  Scalar number;
};

// Reads words one by one. `text` is lent.
class Words {
 public:
  Words(std::string_view text, std::size_t from) : text_(text), at_(from) {}

  // kInvalid: what is there is no word.
  Result<Word> next();
  // kInvalid, about the character at the place `at`.
  tl::unexpected<Error> fault(std::size_t at, const std::string& what) const;

 private:
  Status take_quoted(std::string& into);
  Result<Word> take_name();
  // "[2]", where one follows a name.
  Status take_element(std::optional<std::size_t>& element);
  Result<Word> take_number();
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string_view text_;
  std::size_t at_;
};

}  // namespace zbag::expression
