// What a session reads back: the halves of Track and Session that ask its PointSource.
#include <fmt/format.h>

#include "bus/session/session.hpp"
#include "bus/session/track_state.hpp"

namespace zbag {

Result<PointSource*> Session::source_after_flush(TrackState* track) {
  if (!source_) {
    return fail(ErrorCode::kUnsupported,
                "this session is on the bus and cannot be read; open a bag instead");
  }
  const Result<FlushResult> flushed = flush(track);
  if (!flushed) return tl::unexpected(flushed.error());
  return source_.get();
}

Result<std::vector<TrackStats>> Session::list(std::string_view pattern) {
  const Result<TrackPattern> wanted = TrackPattern::parse(pattern);
  if (!wanted) return tl::unexpected(wanted.error());
  std::vector<TrackStats> known;
  if (source_) {
    Result<PointSource*> source = source_after_flush(nullptr);
    if (!source) return tl::unexpected(source.error());
    Result<std::vector<TrackStats>> stored = (*source)->tracks();
    if (!stored) return stored;
    known = std::move(*stored);
  } else {
    const MutexLock lock(mutex_);
    for (const auto& [name, track] : tracks_) known.push_back({.name = name, .points = track->seq});
  }
  std::erase_if(known, [&](const TrackStats& stats) { return !wanted->matches(stats.name); });
  return known;
}

Result<std::vector<Point>> Track::read(std::optional<Timestamp> start,
                                       std::optional<Timestamp> end) {
  TimeRange range;
  if (start) range.first = start->ns();
  if (end) range.last = end->ns();
  Result<PointSource*> source = session_->source_after_flush(state_);
  if (!source) return tl::unexpected(source.error());
  return (*source)->read(state_->name, range, SIZE_MAX, false);
}

Result<Page> Track::read_page(std::uint64_t start_index, std::size_t limit) {
  if (limit == 0 || limit > kPageMax) {
    return fail(ErrorCode::kInvalid,
                fmt::format("limit {}: 1 to {} points a page", limit, kPageMax));
  }
  Result<PointSource*> source = session_->source_after_flush(state_);
  if (!source) return tl::unexpected(source.error());
  return (*source)->read_page(state_->name, start_index, limit);
}

Result<std::vector<Point>> Track::read_by_time(Timestamp start, Timestamp end, std::size_t limit,
                                               bool reverse) {
  Result<PointSource*> source = session_->source_after_flush(state_);
  if (!source) return tl::unexpected(source.error());
  return (*source)->read(state_->name, TimeRange::half_open(start, end), limit, reverse);
}

Result<Point> Track::find_by_time(Timestamp stamp) {
  Result<std::vector<Point>> found = find_by_time(std::span(&stamp, 1));
  if (!found) return tl::unexpected(found.error());
  return std::move(found->front());
}

Result<std::vector<Point>> Track::find_by_time(std::span<const Timestamp> stamps) {
  Result<PointSource*> source = session_->source_after_flush(state_);
  if (!source) return tl::unexpected(source.error());
  std::vector<Point> points;
  for (const Timestamp stamp : stamps) {
    Result<std::optional<Point>> point = (*source)->floor(state_->name, stamp);
    if (!point) return tl::unexpected(point.error());
    if (!*point) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("track {} has no point at or before {}", state_->name.str(),
                              seconds_text(stamp.seconds())));
    }
    points.push_back(std::move(**point));
  }
  return points;
}

Result<TrackStats> Track::stats() {
  const Result<std::vector<TrackStats>> all = session_->list(state_->name.str());
  if (!all) return tl::unexpected(all.error());
  for (const TrackStats& stats : *all) {
    if (stats.name == state_->name.str()) return stats;
  }
  return TrackStats{.name = state_->name.str()};
}

}  // namespace zbag
