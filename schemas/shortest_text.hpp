// Numbers as the shortest text that reads back to the same number. Never fails.
#pragma once

#include <cstdint>
#include <string>

namespace zbag {

// A finite one always has '.' or an exponent; else "nan", "inf", "-inf".
void append_shortest(double number, std::string& out);
void append_shortest(std::int64_t number, std::string& out);
void append_shortest(std::uint64_t number, std::string& out);

}  // namespace zbag
