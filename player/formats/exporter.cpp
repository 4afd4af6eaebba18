#include "player/formats/exporter.hpp"

#include <fmt/format.h>

#include "recorder/bag/read/intact_points.hpp"

namespace zbag {
namespace {

Status export_selection(Playlist& playlist, const BagReader::Selection& selection,
                        Exporter& exporter, ExportReport& report,
                        const std::function<void(std::uint64_t)>& progress,
                        const std::function<void(const std::string&)>& warn) {
  if (Status status = playlist.select(selection); !status) return status;
  IntactPoints points(playlist, warn);
  while (true) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return tl::unexpected(point.error());
    if (!*point) break;
    if (Status status = exporter.write(**point); !status) return status;
    ++report.points;
    if (progress) progress(report.points);
  }
  report.left_out += points.points_left_out();
  return {};
}

}  // namespace

Result<std::unique_ptr<Exporter>> make_exporter(const ExportOptions& options) {
  if (options.format == "json") return make_json_exporter(options);
  if (options.format == "jsonl") return make_jsonl_exporter(options);
  return fail(ErrorCode::kInvalid,
              fmt::format("unknown format '{}'; there are json and jsonl", options.format));
}

Result<ExportReport> export_points(Playlist& playlist, const BagReader::Selection& selection,
                                   Exporter& exporter,
                                   const std::function<void(std::uint64_t)>& progress,
                                   const std::function<void(const std::string&)>& warn) {
  ExportReport report;
  ExportPlan plan{{}, warn};
  for (const BagSummary& summary : playlist.summaries()) {
    for (const TrackRecord& track : summary.tracks) {
      const bool has_points = track.first && selection.range.overlaps(*track.first, *track.last);
      if (!has_points || !selection.filter.matches(track.name)) continue;
      std::set<std::string>& fields = plan.tracks[track.name];
      for (const auto& [field, types] : track.fields) fields.insert(field);
    }
  }
  // Who reads track by track does not meet those that cannot be read.
  for (const BagSummary& summary : playlist.summaries()) {
    for (const std::string& damage : summary.damaged_tracks) {
      if (!exporter.by_track()) break;
      ++report.left_out;
      if (warn) warn(summary.path + ": " + damage + "; all its points are left out");
    }
  }
  if (Status begun = exporter.begin(plan); !begun) return tl::unexpected(begun.error());
  std::vector<BagReader::Selection> rounds(exporter.by_track() ? plan.tracks.size() : 1, selection);
  auto track = plan.tracks.begin();
  for (BagReader::Selection& round : rounds) {
    if (exporter.by_track()) round.track = (track++)->first;
  }
  for (const BagReader::Selection& round : rounds) {
    if (Status status = export_selection(playlist, round, exporter, report, progress, warn);
        !status) {
      return tl::unexpected(status.error());
    }
  }
  if (Status status = exporter.finish(); !status) return tl::unexpected(status.error());
  return report;
}

}  // namespace zbag
