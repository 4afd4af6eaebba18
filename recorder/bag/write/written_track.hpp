// A track as BagWriter knows it: what forms its blocks, what counts its frames. Of the thread that
// prepares.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/add_up.hpp"

namespace zbag {

// What a count has grown by. A frame that an earlier bag counts as lost and that comes in this one
// after all stays lost there.
inline std::uint64_t grown(std::uint64_t before, std::uint64_t now) {
  return now > before ? now - before : 0;
}

struct BagWriter::Track {
  Track(TrackRecord record, const Options& options, EncodePool& pool, Earlier in_bag)
      : writer(std::move(record), options.block_pages, pool),
        merge(options.merge.of(writer.record().name)),
        earlier(in_bag) {
    const auto others = options.losses_before.tracks.find(writer.record().name);
    if (others != options.losses_before.tracks.end()) elsewhere = others->second;
  }

  TrackWriter writer;
  MergeMode merge;
  Earlier earlier;
  LossesBefore::Track elsewhere;
  // What its publishers' numbering says, by `_src`, where that has a record of its own already.
  struct Publisher {
    LossRecord newest;
    bool is_in_journal = false;  // and its record is older
  };
  std::map<std::uint64_t, Publisher> publishers;
  std::vector<LossRecord> losses;  // of the batch at hand

  // Counts what a batch brought; gives what the journal has to say of it.
  TrackGrowth count(const TrackBatch& batch, const Fate& fate) {
    TrackRecord& record = writer.record();
    const std::optional<std::uint64_t> lost = record.lost;
    const std::uint64_t missed_before = record.missed_before;
    record.fate += fate;
    if (batch.lost) add_up(record.lost.emplace(earlier.lost), grown(elsewhere.lost, *batch.lost));
    record.missed_before = earlier.missed_before;
    add_up(record.missed_before, grown(elsewhere.missed_before, batch.missed_before));
    TrackGrowth growth{.merged = fate.merged,
                       .kept_apart = fate.kept_apart,
                       .dropped = fate.dropped,
                       .overwritten = fate.overwritten,
                       .lost = {},
                       .missed_before = {},
                       .publishers = {}};
    if (record.lost != lost) growth.lost = record.lost;
    if (record.missed_before != missed_before) growth.missed_before = record.missed_before;
    return growth;
  }

  // Whether the journal can say so of that publisher: it has a record, under the same name.
  bool rides(const LossRecord& loss) const {
    const auto known = publishers.find(loss.src);
    return known != publishers.end() && known->second.newest.publisher == loss.publisher &&
           known->second.newest.received < loss.received;
  }
};

}  // namespace zbag
