// The lines of a file of text, whoever wrote it: they end with LF, CRLF or a CR alone, and a mark
// of UTF-8 in front of the first is passed over.
//
//   while (true) {
//     const Result<std::optional<std::string_view>> line = lines.next();
//     if (!line || !*line) break;
//   }
//
// Memory is bounded by the longest line that is read. Blocks as the file does. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "player/imports/input_file.hpp"

namespace zbag {

class TextLines {
 public:
  static constexpr std::size_t kLineBytesMax = 16u << 20;

  // As InputFile::open().
  static Result<TextLines> open(const std::string& path);

  // Without what ends it; lent until the next one. nullopt: there is none. kDamaged: it is longer
  // than kLineBytesMax; kIo.
  Result<std::optional<std::string_view>> next();

  // What is said below is of the line that was read last.
  std::uint64_t number() const { return number_; }  // from 1 on; 0: none was read
  bool has_no_end() const { return has_no_end_; }   // it is the last, and may have been longer
  std::string place() const;                        // "run.trc:17"
  tl::unexpected<Error> fault(ErrorCode code, const std::string& what) const;

  double share() const { return file_.share(); }

 private:
  explicit TextLines(InputFile file) : file_(std::move(file)) {}
  Status refill();

  InputFile file_;
  std::string buffer_;
  std::size_t at_ = 0;  // in the buffer
  std::uint64_t number_ = 0;
  bool has_no_end_ = false;
};

// Replaces `words` by what stands between blanks of `line`.
void put_words(std::string_view line, std::vector<std::string_view>& words);

}  // namespace zbag
