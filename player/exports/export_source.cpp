#include "player/exports/export_source.hpp"

#include <algorithm>
#include <utility>

namespace zbag {
namespace {

// Makes `known` what two bags know of one track.
void join(TrackRecord& known, const TrackRecord& other) {
  known.main_points += other.main_points;
  known.late_points += other.late_points;
  known.bytes += other.bytes;
  known.first = std::min(*known.first, *other.first);
  known.last = std::max(*known.last, *other.last);
  for (const auto& [field, types] : other.fields)
    known.fields[field].insert(types.begin(), types.end());
}

}  // namespace

ExportSource::ExportSource(Playlist& playlist, ExportChoice choice, Progress progress, Warn warn)
    : playlist_(playlist),
      choice_(std::move(choice)),
      progress_(std::move(progress)),
      warn_(std::move(warn)) {
  for (const BagSummary& bag : playlist_.summaries()) {
    for (const TrackRecord& track : bag.tracks) {
      const BagReader::Selection& selection = choice_.selection;
      const bool has_points = track.first && selection.range.overlaps(*track.first, *track.last);
      if (!has_points || !selection.takes_track(track.name)) continue;
      const auto [known, is_new] = tracks_.try_emplace(track.name, track);
      if (!is_new) join(known->second, track);
    }
  }
}

std::vector<std::string> ExportSource::track_names() const {
  std::vector<std::string> names;
  for (const auto& [name, track] : tracks_) names.push_back(name);
  return names;
}

Status ExportSource::each_point(const Take& take) {
  return read(choice_.selection, choice_.limit, take);
}

Status ExportSource::each_point_of(const std::string& track, const Take& take) {
  tell_of_damaged_tracks();
  if (Status found = find_shares(); !found) return found;
  const std::uint64_t share = choice_.limit > 0 ? (*shares_)[track] : 0;
  if (choice_.limit > 0 && share == 0) return {};
  BagReader::Selection selection = choice_.selection;
  selection.track = track;
  return read(selection, share, take);
}

// `points_max`: 0 is all.
Status ExportSource::read(const BagReader::Selection& selection, std::uint64_t points_max,
                          const Take& take) {
  if (Status status = playlist_.select(selection); !status) return status;
  IntactPoints points(playlist_, warn_);
  for (std::uint64_t taken = 0; points_max == 0 || taken < points_max;) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return tl::unexpected(point.error());
    if (!*point) break;
    const bool is_wanted = !choice_.where || choice_.where(**point);
    if (is_wanted) {
      if (Status status = take(**point); !status) return status;
      ++taken;
      ++report_.points;
    }
    if (progress_ && !progress_(report_.points)) return fail(ErrorCode::kClosed, "stopped");
  }
  report_.left_out += points.points_left_out();
  return {};
}

Status ExportSource::find_shares() {
  if (choice_.limit == 0 || shares_) return {};
  shares_.emplace();
  if (Status status = playlist_.select(choice_.selection); !status) return status;
  IntactPoints points(playlist_, nullptr);  // what is damaged is told of when it is written
  for (std::uint64_t found = 0; found < choice_.limit;) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return tl::unexpected(point.error());
    if (!*point) break;
    if (choice_.where && !choice_.where(**point)) continue;
    ++(*shares_)[std::string((*point)->track)];
    ++found;
  }
  return {};
}

// Who reads track by track does not meet those that cannot be read.
void ExportSource::tell_of_damaged_tracks() {
  if (std::exchange(has_told_of_tracks_, true)) return;
  for (const BagSummary& bag : playlist_.summaries()) {
    for (const std::string& damage : bag.damaged_tracks) {
      ++report_.left_out;
      note(bag.path + ": " + damage + "; all its points are left out");
    }
  }
}

}  // namespace zbag
