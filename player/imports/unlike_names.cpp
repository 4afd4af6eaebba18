#include "player/imports/unlike_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "player/imports/utf8_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// "column 3 is called a_3, column 4 a_4 and 12 more"
class Renamed {
 public:
  void add(std::size_t at, std::string_view name) {
    constexpr std::size_t kTold = 4;
    if (++count_ > kTold) return;
    text_ += fmt::format("{}column {} {}{}", count_ > 1 ? ", " : "", at + 1,
                         count_ > 1 ? "" : "is called ", printable(name));
    told_ = count_;
  }
  std::string text() const {
    return count_ > told_ ? fmt::format("{} and {} more", text_, count_ - told_) : text_;
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
  std::size_t told_ = 0;
};

}  // namespace

std::string make_unlike(std::vector<std::string>& names, std::string_view unnamed) {
  std::set<std::string> used;
  Renamed renamed;
  for (std::size_t n = 0; n < names.size(); ++n) {
    std::string name(names[n].empty() ? unnamed : names[n]);
    name = utf8_text(name);
    if (!used.insert(name).second) {
      name += fmt::format("_{}", n + 1);
      while (!used.insert(name).second) name += '_';
    }
    if (name != names[n]) renamed.add(n, name);
    names[n] = std::move(name);
  }
  return renamed.text();
}

std::string free_reserved(std::vector<std::string>& names) {
  Renamed renamed;
  for (std::size_t n = 0; n < names.size(); ++n) {
    if (names[n] != "_ts" && names[n] != "_seq" && names[n] != "_src") continue;
    do names[n] += '_';
    while (std::ranges::count(names, names[n]) > 1);
    renamed.add(n, names[n]);
  }
  return renamed.text();
}

}  // namespace zbag
