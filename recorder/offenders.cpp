#include "recorder/offenders.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::uint32_t kToldMax = 8;
// All they have are bytes of any kind, which differ from message to message.
constexpr const char* kOfOnePart = "messages of one part";

}  // namespace

Offenders::Offender& Offenders::offender(std::string_view topic) {
  const std::string name = printable(topic);
  const auto known = std::find_if(offenders_.begin(), offenders_.end(),
                                  [&](const Offender& other) { return other.name == name; });
  if (known != offenders_.end()) return *known;
  if (offenders_.size() < kOffendersMax) return offenders_.emplace_back(Offender{.name = name});
  Offender& fewest =
      *std::min_element(offenders_.begin(), offenders_.end(),
                        [](const Offender& a, const Offender& b) { return a.count < b.count; });
  fewest = {.name = name, .count = fewest.count, .inherited = fewest.count};
  return fewest;
}

void Offenders::note(Refusal refusal, std::string_view topic,
                     const std::function<std::string()>& sentence, const Tell& tell) {
  const bool has_name = refusal != Refusal::kOnePart;
  Offender& from = offender(has_name ? topic : kOfOnePart);
  ++from.count;
  from.last = refusal;
  Reason& reason = reasons_[static_cast<std::size_t>(refusal)];
  const std::uint32_t bit = 1u << static_cast<unsigned>(refusal);
  if ((has_name && (from.told & bit) != 0) || !tell) return;
  if (reason.told < (has_name ? kToldMax : 1)) {
    ++reason.told;
    from.told |= bit;
    tell(sentence());
    return;
  }
  if (++reason.others < reason.tell_at) return;
  reason.tell_at *= 10;
  if (reason.others == 1) {
    if (has_name) tell(sentence() + "; of others only their number is told");
    return;
  }
  tell(fmt::format("{} {} were refused likewise ({}), the last of '{}'", reason.others,
                   has_name ? "frames of others" : "more messages", refusal_name(refusal),
                   printable(topic)));
}

std::vector<Offenders::Offender> Offenders::worst(std::size_t count) const {
  std::vector<Offender> worst = offenders_;
  std::stable_sort(worst.begin(), worst.end(),
                   [](const Offender& a, const Offender& b) { return a.least() > b.least(); });
  worst.resize(std::min(worst.size(), count));
  return worst;
}

}  // namespace zbag
