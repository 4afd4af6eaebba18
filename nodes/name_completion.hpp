// Names in SQL as somebody types them: what Tab puts in the place of the word before the cursor.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace zbag {

struct NameCompletion {
  std::size_t begin = 0;           // where in the line the word begins that is completed
  std::string text;                // what takes its place, as far as the names agree
  std::vector<std::string> names;  // that may be meant; empty: nothing is known, the word stays
};

// `before` is the line up to the cursor, `names` are as SQL writes them: in double quotes where
// they need those. A word without its quote, rob, stands for "robot/imu" too, and gets it. A dot
// parts a table from its column where it is not part of a name.
NameCompletion complete_name(std::string_view before, const std::vector<std::string>& names);

}  // namespace zbag
