#include "nodes/column_hint.hpp"

#include <fmt/format.h>

#include "schemas/track_name.hpp"

namespace zbag {

std::string column_hint(const std::string& name) {
  const std::size_t star = name.find('*');
  if (star == 0) return "; without any, all columns are taken";
  if (star != std::string::npos && name[star - 1] == '.')
    return fmt::format("; a * stands for nothing here: {} takes all that lies in it",
                       printable(name.substr(0, star - 1)));
  if (star != std::string::npos) return "; a * stands for nothing here: name each";
  const std::size_t open = name.find('[');
  if (open == std::string::npos || open == 0 || !name.ends_with(']')) return {};
  const std::string list = name.substr(0, open);
  return fmt::format(
      "; a list is taken whole, as {}; zbag sql has its values, which count from 1 there: "
      "SELECT {}[1]",
      printable(list),
      list.find_first_of("./ ") == std::string::npos ? printable(list)
                                                     : printable("\"" + list + "\""));
}

}  // namespace zbag
