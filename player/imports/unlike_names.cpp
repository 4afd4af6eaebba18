#include "player/imports/unlike_names.hpp"

#include <fmt/format.h>

#include <set>

#include "player/imports/utf8_text.hpp"

namespace zbag {

void make_unlike(std::vector<std::string>& names, std::string_view unnamed) {
  std::set<std::string> used;
  for (std::size_t n = 0; n < names.size(); ++n) {
    std::string& name = names[n];
    if (name.empty()) name = unnamed;
    name = utf8_text(name);
    if (used.insert(name).second) continue;
    name += fmt::format("_{}", n + 1);
    while (!used.insert(name).second) name += '_';
  }
}

}  // namespace zbag
