#include "player/formats/exporter.hpp"

#include <fmt/format.h>

#include "recorder/bag/read/intact_points.hpp"

namespace zbag {
namespace {

// A choice of points, and how many of it there may be; 0: all.
struct Round {
  BagReader::Selection selection;
  std::uint64_t points_max = 0;
};

Status export_round(Playlist& playlist, const Round& round, Exporter& exporter,
                    ExportReport& report, const std::function<bool(std::uint64_t)>& progress,
                    const std::function<void(const std::string&)>& warn) {
  if (Status status = playlist.select(round.selection); !status) return status;
  IntactPoints points(playlist, warn);
  points.end_after(round.points_max);
  while (true) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return tl::unexpected(point.error());
    if (!*point) break;
    if (Status status = exporter.write(**point); !status) return status;
    ++report.points;
    if (progress && !progress(report.points)) return fail(ErrorCode::kClosed, "stopped");
  }
  report.left_out += points.points_left_out();
  return {};
}

// How many of the first `limit` points of the choice each track has.
Result<std::map<std::string, std::uint64_t>> shares_of(Playlist& playlist,
                                                       const BagReader::Selection& selection,
                                                       std::uint64_t limit) {
  std::map<std::string, std::uint64_t> shares;
  if (Status status = playlist.select(selection); !status) return tl::unexpected(status.error());
  IntactPoints points(playlist, nullptr);  // what is damaged is told of when it is written
  points.end_after(limit);
  while (true) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return tl::unexpected(point.error());
    if (!*point) break;
    ++shares[std::string((*point)->track)];
  }
  return shares;
}

// All at once, or a track at a time.
Result<std::vector<Round>> rounds_of(Playlist& playlist, const BagReader::Selection& selection,
                                     const ExportPlan& plan, bool by_track, std::uint64_t limit) {
  if (!by_track) return std::vector<Round>{{selection, limit}};
  std::map<std::string, std::uint64_t> shares;
  if (limit > 0) {
    Result<std::map<std::string, std::uint64_t>> found = shares_of(playlist, selection, limit);
    if (!found) return tl::unexpected(found.error());
    shares = std::move(*found);
  }
  std::vector<Round> rounds;
  for (const auto& [track, fields] : plan.tracks) {
    if (limit > 0 && shares[track] == 0) continue;
    rounds.push_back({selection, limit > 0 ? shares[track] : 0});
    rounds.back().selection.track = track;
  }
  return rounds;
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
                                   const std::function<bool(std::uint64_t)>& progress,
                                   const std::function<void(const std::string&)>& warn,
                                   std::uint64_t limit) {
  ExportReport report;
  ExportPlan plan{{}, warn};
  for (const BagSummary& summary : playlist.summaries()) {
    for (const TrackRecord& track : summary.tracks) {
      const bool has_points = track.first && selection.range.overlaps(*track.first, *track.last);
      if (!has_points || !selection.takes_track(track.name)) continue;
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
  const Result<std::vector<Round>> rounds =
      rounds_of(playlist, selection, plan, exporter.by_track(), limit);
  if (!rounds) return tl::unexpected(rounds.error());
  for (const Round& round : *rounds) {
    if (Status status = export_round(playlist, round, exporter, report, progress, warn); !status)
      return tl::unexpected(status.error());
  }
  if (Status status = exporter.finish(); !status) return tl::unexpected(status.error());
  return report;
}

}  // namespace zbag
