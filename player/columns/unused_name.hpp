// Names that nothing else has.
#pragma once

#include <set>
#include <string>
#include <utility>

namespace zbag {

// `name` with as many `_` behind it as make it none of `used`; it is one of them then.
inline std::string unused_name(std::string name, std::set<std::string>& used) {
  while (!used.insert(name).second) name += '_';
  return name;
}

}  // namespace zbag
