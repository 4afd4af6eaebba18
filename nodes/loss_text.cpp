#include "nodes/loss_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "nodes/number_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

Line line_of(const LossRecord& loss) {
  const std::string who =
      loss.publisher.empty() ? fmt::format("{:016x}", loss.src) : printable(loss.publisher);
  Line line{
      {fmt::format("    {} {}: ", who, loss.track)},
      {fmt::format("{} lost", count_text(loss.lost)), loss.lost > 0 ? Tone::kBad : Tone::kPlain}};
  if (loss.missed_before > 0)
    line.push_back(
        {fmt::format(", {} sent before the recorder was there", count_text(loss.missed_before))});
  return line;
}

}  // namespace

TrackCell lost_cell(const std::optional<std::uint64_t>& lost) {
  if (!lost) return {"?", -1.0, Tone::kFaint};
  return count_cell(*lost, Tone::kBad);
}

std::vector<Line> loss_lines(std::vector<LossRecord> losses, std::size_t shown_max,
                             const std::string& bag) {
  std::erase_if(losses,
                [](const LossRecord& loss) { return loss.lost == 0 && loss.missed_before == 0; });
  std::stable_sort(losses.begin(), losses.end(), [](const LossRecord& a, const LossRecord& b) {
    return std::tie(a.lost, a.missed_before) > std::tie(b.lost, b.missed_before);
  });
  std::vector<Line> lines;
  for (const LossRecord& loss : losses) {
    if (lines.size() == shown_max) {
      lines.push_back(
          {{fmt::format("    and {} more: zbag info --losses {}", losses.size() - shown_max, bag),
            Tone::kFaint}});
      break;
    }
    lines.push_back(line_of(loss));
  }
  return lines;
}

}  // namespace zbag
