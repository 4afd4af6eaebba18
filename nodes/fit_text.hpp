// Text in columns: how wide it is, and how it is made to fit.
//
// Counts code points: UTF-8 aware enough for names.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace zbag {

std::size_t columns_of(const std::string& text);

// `text` cut or padded to `width` columns.
std::string fit(const std::string& text, std::size_t width);

// `text` cut to `width` columns, with an ellipsis in its middle: names differ at both ends.
std::string shortened(const std::string& text, std::size_t width);

// All of `names` cut to `width` columns, or to as many more as they need so that no two of them
// look alike; padded to the widest.
std::vector<std::string> told_apart(const std::vector<std::string>& names, std::size_t width);

}  // namespace zbag
