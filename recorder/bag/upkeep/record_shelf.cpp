#include "recorder/bag/upkeep/record_shelf.hpp"

#include <utility>

#include "recorder/bag/records/record_checksum.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

void RecordShelf::take(std::string_view key, std::string_view value) {
  for (const char* table :
       {kMetaTable, kTracksTable, kLossesTable, kAttachmentsTable, kJournalTable}) {
    // By its checksum first: nearly all that lies about is none of a table, and saying why is slow.
    if (open_record(table, key, value) && verify_record(table, key, value))
      return take(table, key, value);
  }
}

void RecordShelf::take(std::string_view table, std::string_view key, std::string_view value) {
  if (table == kMetaTable) take_meta(key, value);
  if (table == kTracksTable) take_track(key, value);
  if (table == kLossesTable) take_loss(key, value);
  if (table == kAttachmentsTable) attachments_.try_emplace(std::string(key), value);
  if (table != kJournalTable) return;
  if (const auto number = journal_number(key)) journal_.try_emplace(*number, value);
}

BagSummary RecordShelf::records() && {
  BagSummary records;
  records.bag = bag_;
  records.unnamed = unnamed_;
  for (auto& [id, run] : runs_) records.runs.push_back(std::move(run));
  for (auto& [key, loss] : losses_) records.losses.push_back(std::move(loss));
  for (auto& [name, track] : tracks_) records.tracks.push_back(std::move(track));
  return records;
}

RecordShelf::Newness RecordShelf::newness() const {
  Counters sums{};
  std::uint64_t commit = journal_.empty() ? 0 : journal_.rbegin()->first;
  for (const auto& [name, track] : tracks_) {
    const Counters one = counters_of(track);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += one[i];
    commit = std::max(commit, track.journal);
  }
  const auto closed =
      std::ranges::count_if(runs_, [](const auto& run) { return run.second.closed; });
  return {runs_.size(), commit, sums, static_cast<std::size_t>(closed), attachments_.size()};
}

RecordShelf::Counters RecordShelf::counters_of(const TrackRecord& track) {
  return {track.fate.received, track.next_serial, track.next_late_serial,
          track.missed_before + (track.lost ? *track.lost + 1 : 0)};
}

void RecordShelf::take_meta(std::string_view key, std::string_view value) {
  if (key == kBagKey) {
    if (const auto bag = BagRecord::decode(value)) bag_ = *bag;
  } else if (key == kUnnamedFateKey) {
    const Result<Fate> fate = decode_unnamed_fate(value);
    if (fate && fate->received >= unnamed_.received) unnamed_ = *fate;
  } else if (key.starts_with(kRunPrefix)) {
    take_run(key, value);
  }
}

void RecordShelf::take_run(std::string_view key, std::string_view value) {
  Result<RunRecord> run = RunRecord::decode(key, value);
  if (!run || run->id == 0) return;
  RunRecord& known = runs_[run->id];
  if (!known.closed) known = std::move(*run);
}

void RecordShelf::take_track(std::string_view name, std::string_view value) {
  if (track_name_fault(name) != nullptr) return;
  Result<TrackRecord> track = TrackRecord::decode(name, value);
  if (!track || track->id == 0) return;
  const auto [known, is_new] = tracks_.try_emplace(track->name, *track);
  if (!is_new && counters_of(*track) > counters_of(known->second))
    known->second = std::move(*track);
}

void RecordShelf::take_loss(std::string_view key, std::string_view value) {
  Result<LossRecord> loss = decode_loss(key, value);
  if (!loss || track_name_fault(loss->track) != nullptr) return;
  const auto [known, is_new] = losses_.try_emplace(encode_loss_key(*loss), *loss);
  if (!is_new && loss->received > known->second.received) known->second = std::move(*loss);
}

}  // namespace zbag
