// What a cell of a table of text stands for. Nothing is rounded, and what might be a name (007,
// 1e999, 20 digits and more) is no number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace zbag {

using CellNumber = std::variant<std::int64_t, std::uint64_t, double>;

// Blanks around it do not count. nullopt: it is none; nan and inf are, with either sign.
std::optional<CellNumber> number_of_cell(std::string_view text);
double as_double(const CellNumber& number);
// Of a MessagePack value. nullopt: it is no number.
std::optional<CellNumber> number_of_item(std::string_view item);
// nullopt: it is no whole number, or none of int64.
std::optional<std::int64_t> int_of_item(std::string_view item);
// Appends it as MessagePack.
void append_number(const CellNumber& number, std::string& out);

// true, True, TRUE and the same of false.
std::optional<bool> bool_of_cell(std::string_view text);

// Appends the list or map that the cell is in JSON, with zbag's words for NaN and bytes, as
// MessagePack; false: it is none.
bool append_json_cell(std::string_view text, std::string& out);

// The same of any value; false: it is no JSON.
bool append_json(std::string_view text, std::string& out);

// What all cells of a column are, where they are of one kind.
//
//   ColumnGuess guess;
//   for (each cell) guess.see(text);
//   guess.append(text, out);
//
// Cells that are empty say nothing, nor do the words that programs have for a missing number (NA,
// N/A, null, None, -) in a column of something else; a column of such alone is of texts. A column
// of numbers of which one is no whole number is of float64, but for whole numbers that a float64
// does not hold. Lists and maps are those of JSON, as zbag's own csv has them, where all cells are
// such.
class ColumnGuess {
 public:
  void see(std::string_view text);
  // Appends the cell as MessagePack. False: it is none of the column's, and is left out: it has
  // come since. REQUIRES: it is not empty, but where is_text().
  bool append(std::string_view text, std::string& out) const;
  bool is_text() const { return !has_value_ || is_none_else(); }
  // How many numbers there are before the first cell that is none, and what that says.
  std::uint64_t numbers() const { return numbers_; }
  const std::string& odd_one() const { return odd_one_; }

 private:
  bool is_none_else() const { return !may_be_bool_ && !may_be_number_ && !may_be_json_; }

  bool has_value_ = false;
  bool may_be_bool_ = true;
  bool may_be_number_ = true;
  bool may_be_json_ = true;
  bool are_whole_ = true;
  std::uint64_t numbers_ = 0;
  std::string odd_one_;
};

}  // namespace zbag
