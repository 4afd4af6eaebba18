#include "player/exports/remarks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace zbag {

void AlikeRemarks::add(const Remark& remark) {
  constexpr std::size_t kExamplesMax = 3;
  auto known = std::ranges::find_if(
      alike_, [&](const Alike& one) { return one.kind == remark.kind && one.what == remark.what; });
  if (known == alike_.end()) known = alike_.insert(known, Alike{remark.kind, remark.what, {}});
  // Of a track that is read twice.
  if (std::ranges::find(known->examples, remark.which) != known->examples.end()) return;
  if (known->examples.size() < kExamplesMax) {
    known->examples.push_back(remark.which);
  } else {
    ++known->more;
  }
}

std::vector<Remark> AlikeRemarks::take() {
  std::vector<Remark> remarks;
  for (Alike& one : std::exchange(alike_, {})) {
    std::erase(one.examples, "");
    std::string text = std::move(one.what);
    if (!one.examples.empty()) text += fmt::format(": {}", fmt::join(one.examples, ", "));
    if (one.more > 0) text += fmt::format(" and {} more", one.more);
    remarks.push_back({one.kind, std::move(text), {}});
  }
  return remarks;
}

}  // namespace zbag
