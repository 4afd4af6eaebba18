// A record of the journal: what one commit brought of points that have no block yet, of all tracks
// together (FORMAT.md, The journal).
//
// A record has a section a track: its new rows, and what its counters have grown by. Rows are
// points of the main run, those of one section with ordinals that follow one another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/bag/block/compression.hpp"
#include "schemas/byte_io.hpp"
#include "schemas/points/loss.hpp"
#include "schemas/points/point.hpp"
#include "schemas/result.hpp"

namespace zbag {

// Of a record before compression, of its rows, and of memory once it is decoded: one that says it
// has more is damaged.
inline constexpr std::size_t kJournalRecordBytesMax = 16u << 20;
inline constexpr std::size_t kJournalRecordRowsMax = 1u << 18;
inline constexpr std::size_t kJournalRecordMemoryMax = 64u << 20;

// What the numbering of one publisher says of a track in this run, in all.
struct PublisherCount {
  std::uint64_t src = 0;
  std::uint64_t lost = 0;
  std::uint64_t missed_before = 0;
  std::uint64_t received = 0;

  // Brings a record of the same publisher, track and run up to this; false: it has as much. Counts
  // only grow: where the table has a later one, that was written without the journal.
  bool takes_over(LossRecord& record) const {
    if (record.received >= received) return false;
    record.lost = lost;
    record.missed_before = missed_before;
    record.received = received;
    return true;
  }
  friend bool operator==(const PublisherCount&, const PublisherCount&) = default;
};

// What a commit adds to a track's record beside its rows, each of which is a frame received and a
// point; a merged or dropped frame was received as well.
struct TrackGrowth {
  std::uint64_t merged = 0;
  std::uint64_t kept_apart = 0;
  std::uint64_t dropped = 0;
  std::uint64_t overwritten = 0;
  std::optional<std::uint64_t> lost;           // in all, where that has changed
  std::optional<std::uint64_t> missed_before;  // likewise
  std::vector<PublisherCount> publishers;
  friend bool operator==(const TrackGrowth&, const TrackGrowth&) = default;
};

// Gathers the sections of one record. Copies what it is given. Not thread-safe.
class JournalEncoder {
 public:
  // `first_ordinal`: how many points of the track's main run lie before the first row.
  void add(std::uint32_t track, std::uint64_t first_ordinal, std::span<const RowPoint> rows,
           const TrackGrowth& growth);
  bool empty() const { return sections_.empty(); }
  // Whether the record may have `rows` as well.
  bool has_room_for(std::span<const RowPoint> rows) const;
  std::size_t bytes() const { return sections_.size(); }  // about what it will measure, or more

  // The value of the record under `key`, compressed unless `compression` is kNone.
  std::string finish(std::string_view key, Compression compression) const;

 private:
  void add_row(const RowPoint& row, std::int64_t& seq);
  std::uint64_t code_of(std::uint64_t src);

  Bytes sections_;
  std::size_t rows_ = 0;
  std::vector<std::uint64_t> srcs_;
  std::optional<RowPoint> first_;  // what the first differences are taken from
  PointHead last_;
};

// A record, read. Lends its rows as long as it lives; moving it moves nothing it lends.
class JournalRecord {
 public:
  struct Section {
    std::uint32_t track = 0;
    std::uint64_t first_ordinal = 0;
    std::vector<RowPoint> rows;  // their maps are not validated
    TrackGrowth growth;
  };
  // kDamaged: the checksum is wrong, or it can not be what a writer put there.
  static Result<JournalRecord> decode(std::string_view key, std::string_view value);

  const std::vector<Section>& sections() const { return sections_; }
  std::size_t bytes() const { return body_.size() + decoded_bytes_; }  // of memory

 private:
  bool decode_body();

  Bytes body_;
  std::vector<Section> sections_;
  std::size_t decoded_bytes_ = 0;  // of the sections
};

}  // namespace zbag
