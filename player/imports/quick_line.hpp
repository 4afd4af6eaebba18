// A line of JSON as an encoded frame, of which no value is built (simdjson reads it).
//
// It knows the lines that recordings are full of: numbers, lists, maps and texts under plain names.
// Wherever a line may mean anything else (a word of a dialect, bytes, an escaped name, a time as
// text), is not what it should be, or is longer than kBytesMax, it has a doubt: parse_json_line()
// and what stands behind it (neutral_file.cpp) decide then, and have the words for what is wrong.
// What it takes is to the bit what they would make of it. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "player/imports/neutral_file.hpp"

namespace zbag {

class QuickLine {
 public:
  static constexpr std::size_t kBytesMax = 4u << 20;  // some 14 bytes of memory each

  explicit QuickLine(std::size_t values_max);
  ~QuickLine();

  // `track_of_rows`: of a row, which does not say it. False: a doubt; the frame may be anything
  // then. Keeps the memory of `frame`.
  bool read(std::string_view line, std::string_view track_of_rows, EncodedFrame& frame);

 private:
  struct Parser;

  const std::size_t values_max_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace zbag
