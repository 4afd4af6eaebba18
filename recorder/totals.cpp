#include "recorder/totals.hpp"

namespace zbag {

std::optional<std::uint64_t> RecordingTotals::lost() const {
  std::optional<std::uint64_t> sum;
  for (const auto& [name, track] : tracks) {
    if (track.lost) add_up(sum ? *sum : sum.emplace(0), *track.lost);
  }
  return sum;
}

Totals::Added Totals::add(const Batch& batch, const WriteReport& report) {
  Added added;
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < batch.tracks.size(); ++i) {
    const TrackBatch& track = batch.tracks[i];
    const TrackReport& made = report.tracks[i];
    totals_.fate += made.fate;
    RecordingTotals::TrackTotals& sums = totals_.tracks[track.name];
    if (made.fate.overwritten > 0 && sums.fate.overwritten == 0)
      added.overwritten.push_back(track.name);
    sums.fate += made.fate;
    if (made.fate.dropped > 0) note_dropped(track.name, made.fate.dropped);
    sums.lost = track.lost;
    sums.missed_before = track.missed_before;
    for (const RowPoint& point : track.points) sums.bytes += point.pairs_bytes;
    added.flush.count += made.new_points;
    if (made.new_points > 0 && batch.tracks.size() == 1) {
      added.flush.first_index = made.first_index;
      added.flush.last_index = made.first_index + made.new_points - 1;
    }
  }
  totals_.fate += batch.unnamed;
  totals_.block_bytes += report.block_bytes;
  ++totals_.commits;
  for (const LossRecord& record : batch.losses) {
    publishers_[{record.src, record.track}] = record;
    if (record.lost > 0) note_lost(record);
  }
  return added;
}

void Totals::add_dropped(const Batch& batch) {
  const MutexLock lock(mutex_);
  for (const TrackBatch& track : batch.tracks) {
    Fate fate = track.fate;
    fate.dropped += track.points.size();
    fate.kept_apart = 0;  // it speaks of the points
    totals_.fate += fate;
    totals_.tracks[track.name].fate += fate;
    if (fate.dropped > 0) note_dropped(track.name, fate.dropped);
  }
  totals_.fate += batch.unnamed;
}

void Totals::note_dropped(const std::string& track, std::uint64_t count) {
  LossNews& news = news_[{0, track}];
  news = {track, 0, news.count + count, "overflow"};
}

void Totals::note_lost(const LossRecord& record) {
  std::uint64_t& told = told_[{record.src, record.track}];
  if (record.lost <= told) return;
  LossNews& news = news_[{record.src, record.track}];
  news = {record.track, record.src, news.count + (record.lost - told), "gap"};
  told = record.lost;
}

std::vector<LossNews> Totals::take_news() {
  std::vector<LossNews> news;
  const MutexLock lock(mutex_);
  for (auto& [key, one] : news_) news.push_back(std::move(one));
  news_.clear();
  return news;
}

RecordingTotals Totals::get() const {
  const MutexLock lock(mutex_);
  RecordingTotals totals = totals_;
  for (const auto& [key, record] : publishers_) totals.publishers.push_back(record);
  return totals;
}

LossesBefore Totals::losses() const {
  LossesBefore losses;
  const MutexLock lock(mutex_);
  for (const auto& [name, track] : totals_.tracks)
    losses.tracks[name] = {track.lost.value_or(0), track.missed_before};
  losses.publishers = publishers_;
  return losses;
}

}  // namespace zbag
