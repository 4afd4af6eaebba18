// What DuckDB says of a statement that failed, as one line of ours.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "schemas/result.hpp"

namespace zbag {

// What is said of a table that there is none of, by its name.
using UnknownTable = std::function<std::string(const std::string& name)>;

// `text`: the error with `errors_as_json` on, or any other; `sql`: what it is about, empty:
// unknown. "line 1, column 8: syntax error at or near "FORM"". kClosed: it was interrupted.
// `unknown_table` may be empty: then DuckDB's words stay.
Error sql_error(std::string_view text, std::string_view sql,
                const UnknownTable& unknown_table = nullptr);

// Where a byte of a text is, as editors count: "line 2, column 5".
std::string place_text(std::string_view text, std::size_t at);

}  // namespace zbag
