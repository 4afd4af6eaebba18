// A line of JSON as values, and what the words of zbag's dialects stand for (neutral_file.hpp).
//
// Refused by name, with nothing resolved in silence: a key that is there twice, an integer beyond
// 64 bits, a number beyond float64, more values or a deeper nesting than a frame may have, a NUL
// byte. Python's NaN, Infinity and -Infinity are read. Errors are kInvalid. Memory: what the values
// take.
#pragma once

#include <cstddef>
#include <string_view>

#include "schemas/frame.hpp"
#include "schemas/json_text.hpp"
#include "schemas/result.hpp"

namespace zbag {

inline constexpr std::size_t kLineValuesMax = 1u << 20;  // unless told otherwise

// null comes as nil, words as they stand there; an object as Fields.
Result<Value> parse_json_line(std::string_view line, std::size_t values_max = kLineValuesMax);

// Puts what they mean in place of words: null is NaN, "inf" an infinity, {"$bin":...} bytes. Names
// get back what was escaped in them.
Status resolve_words(Value& value, JsonDialect dialect);
// The same of the fields of a frame.
Status resolve_fields(Fields& fields, JsonDialect dialect);

// Two fields of one name, such as X and X_hex have become.
Status check_unique(const Fields& fields);

}  // namespace zbag
