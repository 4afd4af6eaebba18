#include "recorder/bag/upkeep/copied_records.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace zbag {
namespace {

void join_track(TrackRecord& into, const TrackRecord& from) {
  into.created = std::min(into.created, from.created);
  into.fate += from.fate;
  if (from.lost) add_up(into.lost ? *into.lost : into.lost.emplace(0), *from.lost);
  add_up(into.missed_before, from.missed_before);
  for (const auto& [field, types] : from.fields)
    into.fields[field].insert(types.begin(), types.end());
}

// What the publishers' numbering says of every track, once.
void count_losses_once(BagSummary& joined) {
  struct Sum {
    std::uint64_t lost = 0;
    std::uint64_t missed_before = 0;
  };
  std::map<std::string, Sum> sums;
  for (const LossRecord& loss : joined.losses) {
    add_up(sums[loss.track].lost, loss.lost);
    add_up(sums[loss.track].missed_before, loss.missed_before);
  }
  for (TrackRecord& track : joined.tracks) {
    const auto sum = sums.find(track.name);
    if (sum == sums.end()) continue;
    track.lost = sum->second.lost;
    track.missed_before = sum->second.missed_before;
  }
}

std::vector<RunRecord> joined_runs(std::span<const BagSummary> sources) {
  std::vector<RunRecord> runs;
  for (const BagSummary& source : sources) {
    for (const RunRecord& run : source.runs) {
      const auto known = std::find_if(runs.begin(), runs.end(), [&](const RunRecord& other) {
        return other.start == run.start && other.host == run.host && other.config == run.config;
      });
      if (known == runs.end()) {
        runs.push_back(run);
      } else if (run.closed && !known->closed) {
        *known = run;
      }
    }
  }
  std::stable_sort(runs.begin(), runs.end(),
                   [](const RunRecord& a, const RunRecord& b) { return a.start < b.start; });
  std::uint32_t id = 0;
  for (RunRecord& run : runs) run.id = ++id;
  return runs;
}

}  // namespace

bool PointChoice::is_trimmed() const {
  constexpr TimeRange kAll = TimeRange::all();
  const TimeRange& range = selection.range;
  return points_max > 0 || range.first != kAll.first || range.last != kAll.last;
}

BagSummary cut_records(const BagSummary& source, const PointChoice& choice) {
  const bool is_trimmed = choice.is_trimmed();
  BagSummary records;
  records.bag = source.bag;
  records.runs = source.runs;
  bool keeps_all = true;
  for (const TrackRecord& track : source.tracks) {
    if (!choice.selection.takes_track(track.name)) {
      keeps_all = false;
      continue;
    }
    TrackRecord& kept = records.tracks.emplace_back(track);
    if (is_trimmed) kept.fate = {};
    if (!is_trimmed && choice.columns.empty()) continue;
    kept.bytes = 0;
    kept.fields.clear();
  }
  for (const LossRecord& loss : source.losses) {
    if (choice.selection.takes_track(loss.track)) records.losses.push_back(loss);
  }
  if (keeps_all && !is_trimmed) records.unnamed = source.unnamed;
  return records;
}

void end_last_run(BagSummary& records, double now) {
  if (records.runs.empty() || records.runs.back().closed) return;
  records.runs.back().closed = true;
  records.runs.back().end = now;
}

BagSummary joined_records(std::span<const BagSummary> sources) {
  BagSummary joined;
  std::map<std::string, TrackRecord> tracks;
  std::map<std::string, LossRecord> losses;
  for (const BagSummary& source : sources) {
    const bool is_older = joined.bag.created == 0.0 || source.bag.created < joined.bag.created;
    if (is_older) joined.bag = source.bag;
    joined.unnamed += source.unnamed;
    for (const TrackRecord& track : source.tracks) {
      const auto [known, is_new] = tracks.emplace(track.name, track);
      if (!is_new) join_track(known->second, track);
      known->second.bytes = 0;  // counted anew: points may merge
    }
    for (const LossRecord& loss : source.losses) {
      const auto [known, is_new] = losses.emplace(encode_loss_key(loss), loss);
      if (!is_new && loss.received > known->second.received) known->second = loss;
    }
  }
  for (auto& [name, track] : tracks) joined.tracks.push_back(std::move(track));
  for (auto& [key, loss] : losses) joined.losses.push_back(std::move(loss));
  joined.runs = joined_runs(sources);
  count_losses_once(joined);
  return joined;
}

}  // namespace zbag
