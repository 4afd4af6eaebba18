// Text as a field of a line of CSV (RFC 4180).
#pragma once

#include <string>
#include <string_view>

namespace zbag {

// Appends it, in quotes where it holds what means something between fields, and where it is empty:
// a field with nothing at all is one without a value.
void append_csv_field(std::string_view text, std::string& out);

}  // namespace zbag
