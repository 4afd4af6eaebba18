// Names that strangers give columns and markers, as fields can have them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zbag {

// Makes all of them UTF-8, none empty (it is called `unnamed` then), and each be there once. Says
// which are called otherwise by that, in one line of a few of them; empty: none.
std::string make_unlike(std::vector<std::string>& names, std::string_view unnamed);

// Gives those that a frame has for itself (_ts, _seq, _src) a `_` more, and says so likewise.
std::string free_reserved(std::vector<std::string>& names);

}  // namespace zbag
