// Rows as text, to stdout or into a file that appears when all of them are in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "player/exports/output_file.hpp"
#include "player/query/sql_text.hpp"
#include "schemas/result.hpp"

namespace zbag {

class TextOutput {
 public:
  // "-" is stdout; what is a table for people there can do nothing to a terminal.
  static Result<TextOutput> open(const std::string& out, Existing existing, ShownAs shown);

  // A blank line parts the table that comes next from what is there.
  void begin_table() { is_apart_ = has_text_; }
  // How wide the terminal is that it goes to; nullopt: to none.
  std::optional<std::size_t> terminal_columns() const;
  // kClosed: who reads stdout has enough.
  Status write(std::string_view text);
  // Puts the file in its place.
  Status finish();

 private:
  explicit TextOutput(std::optional<OutputFile> file) : file_(std::move(file)) {}
  Status write_all(std::string_view text);

  std::optional<OutputFile> file_;
  bool has_text_ = false;
  bool is_apart_ = false;
};

}  // namespace zbag
