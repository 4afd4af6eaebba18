// Text in columns of a terminal: how wide it is, how it is made to fit, and what its parts mean.
//
// Text is UTF-8 without control bytes. A character takes the columns that the C library gives it
// (wcwidth): two for 画, none for a combining accent, one for what is no UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zbag {

// What a piece of text means; the terminal decides which colour that is, if any.
enum class Tone : std::uint8_t {
  kPlain,
  kBad,       // data was lost or is damaged
  kDoubtful,  // somebody should look: refused, overwritten, a warning
  kFaint,     // beside the point: hints, what is not known
};

struct Piece {
  std::string text;
  Tone tone = Tone::kPlain;
};
using Line = std::vector<Piece>;

std::size_t columns_of(std::string_view text);
std::size_t columns_of(const Line& line);

// `text` cut or padded to `width` columns.
std::string fit(std::string_view text, std::size_t width);
std::string right_aligned(std::string_view text, std::size_t width);  // padded, never cut
Line cut(Line line, std::size_t width);
// `line` broken at blanks where it is wider than `width`, what follows `indent` columns in.
std::vector<Line> wrapped(const Line& line, std::size_t width, std::size_t indent);

// `text` cut to `width` columns, with an ellipsis in its middle: names differ at both ends.
std::string shortened(std::string_view text, std::size_t width);

// Whether no two different ones of `names` look alike when they are shortened to `width`.
bool are_told_apart(const std::vector<std::string>& names, std::size_t width);
// All of `names` cut to the same number of columns, `width` at most, and padded to it; those that
// would look alike end with ~2, ~3..., where there is room for that.
std::vector<std::string> told_apart(const std::vector<std::string>& names, std::size_t width);

}  // namespace zbag
