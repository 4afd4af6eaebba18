#include "recorder/bag/read/playlist.hpp"

#include <algorithm>
#include <utility>

#include "schemas/add_up.hpp"

namespace zbag {

Result<Playlist> Playlist::open(const std::vector<std::string>& paths, const PassOver& pass_over) {
  Playlist playlist;
  std::optional<Error> left_out;
  for (const std::string& path : paths) {
    const Status added = playlist.add(path);
    if (added) continue;
    if (!pass_over || !pass_over(path, added.error())) return tl::unexpected(added.error());
    left_out = added.error();
  }
  if (left_out && playlist.readers_.empty()) return tl::unexpected(*left_out);
  return playlist;
}

Status Playlist::add(const std::string& path) {
  Result<BagReader> reader = BagReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  Result<BagSummary> summary = reader->summary();
  if (!summary) return tl::unexpected(summary.error());
  readers_.push_back(std::move(*reader));
  summaries_.push_back(std::move(*summary));
  return {};
}

std::uint64_t Playlist::points() const {
  std::uint64_t sum = 0;
  for (const BagSummary& summary : summaries_) add_up(sum, summary.points());
  return sum;
}

Status Playlist::select(const BagReader::Selection& selection) {
  heads_.clear();
  failed_.reset();
  reverse_ = selection.reverse;
  for (const BagReader& reader : readers_) {
    Result<BagCursor> cursor = reader.cursor(selection);
    if (!cursor) return tl::unexpected(cursor.error());
    heads_.push_back({std::move(*cursor), std::nullopt, {}, true, false});
  }
  return {};
}

void Playlist::seek(TimeRange range) {
  for (Head& head : heads_) {
    head.cursor.seek(range);
    head.point.reset();
    head.needs_next = true;
    head.is_done = false;
  }
}

Result<std::optional<PointView>> Playlist::next() {
  Head* best = nullptr;
  for (Head& head : heads_) {
    if (head.needs_next && !head.is_done) {
      Result<std::optional<PointView>> point = head.cursor.next();
      if (!point) {
        failed_ = static_cast<std::size_t>(&head - heads_.data());
        return tl::unexpected(point.error());
      }
      head.point = *point;
      head.needs_next = false;
      head.is_done = !head.point.has_value();
    }
    if (!head.point) continue;
    const auto is_before = [&](const PointView& a, const PointView& b) {
      if (a.key != b.key) return reverse_ ? a.key > b.key : a.key < b.key;
      return reverse_ ? a.track > b.track : a.track < b.track;
    };
    if (best == nullptr || is_before(*head.point, *best->point)) best = &head;
  }
  if (best == nullptr) return std::optional<PointView>();
  best->needs_next = true;
  bag_ = static_cast<std::size_t>(best - heads_.data());
  return std::exchange(best->point, std::nullopt);
}

void Playlist::release() {
  for (Head& head : heads_) {
    if (head.point) {
      head.kept.assign(head.point->map.begin(), head.point->map.end());
      head.point->map = head.kept;
    }
    head.cursor.release();
  }
}

std::optional<BagCursor::Damage> Playlist::skip_damage() {
  if (!failed_) return std::nullopt;
  return heads_[*std::exchange(failed_, std::nullopt)].cursor.skip_damage();
}

}  // namespace zbag
