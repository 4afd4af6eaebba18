#include "recorder/offenders.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::uint32_t kToldMax = 8;

bool has_fewer(const Offenders::Offender& a, const Offenders::Offender& b) {
  return a.count < b.count;
}

}  // namespace

// A name that is new takes the place of the one with the fewest, and its count: so whoever sends
// more than a share of all that is refused is in the table.
Offenders::Offender& Offenders::offender(std::string_view topic) {
  const std::string name = printable(topic);
  const auto known = std::find_if(offenders_.begin(), offenders_.end(),
                                  [&](const Offender& other) { return other.name == name; });
  if (known != offenders_.end()) return *known;
  if (offenders_.size() < kOffendersMax) return offenders_.emplace_back(Offender{.name = name});
  Offender& least = *std::min_element(offenders_.begin(), offenders_.end(), has_fewer);
  least.name = name;
  least.told = 0;
  return least;
}

void Offenders::note(Refusal refusal, std::string_view topic,
                     const std::function<std::string()>& sentence, const Tell& tell) {
  Offender& from = offender(topic);
  ++from.count;
  from.last = refusal;
  Reason& reason = reasons_[static_cast<std::size_t>(refusal)];
  const std::uint32_t bit = 1u << static_cast<unsigned>(refusal);
  if ((from.told & bit) != 0 || !tell) return;
  if (reason.told < kToldMax) {
    ++reason.told;
    from.told |= bit;
    tell(sentence());
    return;
  }
  if (++reason.others < reason.tell_at) return;
  reason.tell_at *= 10;
  if (reason.others == 1) return tell(sentence() + "; of others only their number is told");
  tell(fmt::format("{} frames of others were refused likewise ({}), the last of '{}'",
                   reason.others, refusal_name(refusal), from.name));
}

std::vector<Offenders::Offender> Offenders::worst(std::size_t count) const {
  std::vector<Offender> worst = offenders_;
  std::stable_sort(worst.begin(), worst.end(),
                   [](const Offender& a, const Offender& b) { return has_fewer(b, a); });
  worst.resize(std::min(worst.size(), count));
  return worst;
}

}  // namespace zbag
