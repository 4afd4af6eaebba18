// What BagWriter puts into the journal, and what of it goes.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "recorder/bag/write/bag_writer.hpp"
#include "recorder/bag/write/written_track.hpp"

namespace zbag {
namespace {

// Whether a section of the journal says all of it.
bool is_of_rows(const Fate& fate, std::size_t rows) {
  Fate counted;
  counted.points = rows;
  counted.merged = fate.merged;
  counted.kept_apart = fate.kept_apart;
  counted.dropped = fate.dropped;
  counted.overwritten = fate.overwritten;
  counted.received = rows + fate.merged + fate.dropped;
  return counted == fate;
}

}  // namespace

// What has no block goes into the journal, and with it what the counters have grown by, unless the
// track's own record must be stored.
void BagWriter::keep(Track& track, const TrackBatch& batch, const Fate& fate,
                     PreparedBatch& prepared) {
  TrackWriter& writer = track.writer;
  const bool fits = prepared.journal.has_room_for(writer.new_points());
  if (!fits || writer.prefers_segment()) writer.spill(prepared.blocks);
  const std::span<const RowPoint> rows = writer.new_points();
  TrackGrowth growth = track.count(batch, fate);
  if (!is_of_rows(fate, rows.size())) writer.ask_for_record();
  const bool has_record = writer.record_is_due();
  if (has_record) growth = {};
  for (LossRecord& loss : std::exchange(track.losses, {})) {
    const bool rides = !has_record && track.rides(loss);
    if (rides)
      growth.publishers.push_back({loss.src, loss.lost, loss.missed_before, loss.received});
    if (!rides) prepared.losses.push_back(loss);
    const std::uint64_t src = loss.src;
    track.publishers[src] = {std::move(loss), rides};
  }
  const std::uint32_t id = writer.record().id;
  if (has_record && !writer.rests_in_journal()) ledger_.release(id);
  if (!rows.empty() || growth != TrackGrowth()) {
    prepared.journal.add(id, writer.new_ordinal(), rows, growth);
    ledger_.need(id);
    writer.note_journaled();
  }
  if (has_record) put_record(track, prepared);
}

void BagWriter::put_record(Track& track, PreparedBatch& prepared) {
  for (auto& [src, publisher] : track.publishers) {
    if (std::exchange(publisher.is_in_journal, false)) prepared.losses.push_back(publisher.newest);
  }
  prepared.tracks.push_back({track.writer.record().name, track.writer.take_record(ledger_.next())});
}

// What the batch says of publishers, in this bag and run alone; each goes with its track's points,
// where there are some.
void BagWriter::take_losses(const Batch& batch, PreparedBatch& prepared) {
  std::map<std::string_view, std::vector<LossRecord>> of_tracks;
  for (const TrackBatch& track : batch.tracks) of_tracks[track.name];
  for (LossRecord loss : batch.losses) {
    loss.run_start_ns = run_.start_ns();
    const auto& before = options_.losses_before.publishers;
    if (const auto it = before.find({loss.src, loss.track}); it != before.end()) {
      loss.lost = grown(it->second.lost, loss.lost);
      loss.missed_before = grown(it->second.missed_before, loss.missed_before);
      loss.received = grown(it->second.received, loss.received);
    }
    const auto of_track = of_tracks.find(loss.track);
    if (of_track != of_tracks.end()) {
      of_track->second.push_back(std::move(loss));
      continue;
    }
    if (const auto known = tracks_.find(loss.track); known != tracks_.end())
      known->second->publishers[loss.src] = {loss, false};
    prepared.losses.push_back(std::move(loss));
  }
  for (auto& [name, losses] : of_tracks) tracks_.at(std::string(name))->losses = std::move(losses);
}

// Where the journal has grown beyond what a file of this size should have to give back at the end,
// tracks whose points wait in it the longest get segments of them.
void BagWriter::relieve_journal(PreparedBatch& prepared) {
  constexpr std::size_t kBytesMin = 4u << 20;
  constexpr std::size_t kBytesMax = 8u << 20;
  constexpr std::size_t kShareOfFile = 40;
  // By the file's size: the environment is the store thread's, which may be growing its map.
  const std::size_t limit = std::clamp(file_->size_bytes() / kShareOfFile, kBytesMin, kBytesMax);
  while (ledger_.bytes() > limit) {
    const std::vector<std::uint64_t> oldest = ledger_.take_unneeded(1);
    prepared.unneeded.insert(prepared.unneeded.end(), oldest.begin(), oldest.end());
    if (!oldest.empty()) continue;
    Track& track = *by_id_.at(*ledger_.neediest());
    track.writer.spill(prepared.blocks);
    track.writer.ask_for_record();
    spilled_.push_back(&track);
    ledger_.release(track.writer.record().id);
  }
}

void BagWriter::finish_journal(PreparedBatch& prepared) {
  for (Track* const track : std::exchange(spilled_, {})) {
    if (track->writer.record_is_due()) put_record(*track, prepared);
  }
  if (!prepared.journal.empty()) {
    prepared.journal_key = journal_key(ledger_.next());
    prepared.journal_record =
        prepared.journal.finish(prepared.journal_key, options_.compression.kind);
    prepared.bytes += prepared.journal_record.size();
  }
  // A commit that makes no block writes as few pages as it can.
  const bool makes_blocks = !prepared.blocks.empty() || prepared.report.block_bytes > 0;
  for (const std::uint64_t number : ledger_.take_unneeded(makes_blocks ? 16 : 0))
    prepared.unneeded.push_back(number);
  ledger_.end_commit(prepared.journal.bytes());
  prepared.report.block_bytes += prepared.journal_record.size();
}

}  // namespace zbag
