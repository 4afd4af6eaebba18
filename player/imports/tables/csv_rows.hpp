// The rows of a file of CSV (RFC 4180), one after another: cells in quotes may hold what separates
// cells and rows, and two quotes for one. Rows end with LF, CRLF or a CR alone; a mark of UTF-8 in
// front of the first is passed over. What separates cells (a comma, a semicolon, a tab) is what the
// first row has most of.
//
// Memory is bounded by kRowBytesMax and kCellsMax. Blocks as the file does. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "player/imports/input_file.hpp"

namespace zbag {

class CsvRows {
 public:
  static constexpr std::size_t kRowBytesMax = 64u << 20;
  static constexpr std::size_t kCellsMax = 1u << 18;

  struct Cell {
    std::string_view text;
    bool is_quoted = false;
    bool is_absent() const { return text.empty() && !is_quoted; }
  };

  // As InputFile::open(); `goes_on` is asked now and then.
  static Result<CsvRows> open(const std::string& path, std::function<bool()> goes_on);

  // Lent until the next one; rows without anything in them are passed over. nullopt: there is none.
  // kDamaged: the file ends within quotes; kIo; kClosed.
  Result<std::optional<std::span<const Cell>>> next();
  // Begins again.
  Status rewind();

  // What is said below is of the row that was read last.
  const char* breach() const { return breach_; }   // why its cells are not what they were, or null
  bool has_no_end() const { return has_no_end_; }  // the file ends in it
  std::string place() const;                       // "run.csv:17", the line where it begins
  tl::unexpected<Error> fault(ErrorCode code, const std::string& what) const;

  double share() const { return file_.share(); }

 private:
  enum class In : std::uint8_t { kBegin, kPlain, kQuotes, kBehindQuotes };

  CsvRows(InputFile file, std::function<bool()> goes_on)
      : file_(std::move(file)), goes_on_(std::move(goes_on)) {}
  Result<bool> refill();
  void find_separator();
  Result<bool> read_row();
  bool take(char c);
  void take_run();
  void add(std::string_view text);
  void end_cell();

  InputFile file_;
  std::function<bool()> goes_on_;
  char separator_ = ',';
  std::string buffer_;
  std::size_t at_ = 0;         // in the buffer
  bool is_behind_cr_ = false;  // an LF here ends no row of its own
  std::uint64_t line_ = 1;     // at `at_`
  std::uint64_t quote_line_ = 0;

  // The row at hand.
  struct Extent {
    std::size_t end;  // in `texts_`
    bool is_quoted;
  };
  In in_ = In::kBegin;
  std::string texts_;
  std::vector<Extent> extents_;
  bool is_quoted_ = false;  // the cell at hand
  std::vector<Cell> cells_;
  std::uint64_t row_line_ = 0;
  const char* breach_ = nullptr;
  bool has_no_end_ = false;
};

}  // namespace zbag
