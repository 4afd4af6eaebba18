#include "nodes/none_true.hpp"

#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

int show_none_true(const std::string& verb, const SelectionArguments& arguments,
                   const std::vector<BagSummary>& bags) {
  const bool has_times =
      !arguments.start.empty() || !arguments.end.empty() || arguments.duration.has_value();
  if (!arguments.where || has_times) return show_nothing_chosen(verb, extent_of(bags));
  const TrackFilter filter = TrackFilter::parse(arguments.tracks, arguments.excluded).value();
  std::uint64_t points = 0;
  for (const BagSummary& bag : bags) {
    for (const TrackRecord& track : bag.tracks) {
      const bool is_meant = !arguments.where->track || arguments.where->track->str() == track.name;
      if (is_meant && filter.matches(track.name)) points += track.total();
    }
  }
  say_always("zbag {}: no point is chosen: --where is true of none of {}\n", verb,
             amount_text(points, "point"));
  return kExitLossy;
}

}  // namespace zbag
