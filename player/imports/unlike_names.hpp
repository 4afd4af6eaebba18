// Names that strangers give columns and markers, as fields can have them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zbag {

// Makes all of them UTF-8, none empty (it is called `unnamed` then), and each be there once.
void make_unlike(std::vector<std::string>& names, std::string_view unnamed);

}  // namespace zbag
