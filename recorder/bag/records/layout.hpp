// Keys and records of a bag's tables (FORMAT.md, Tables). Keys are big-endian so that LMDB's byte
// order is theirs; records are MessagePack maps, so that a later version may add to them, and end
// with a checksum: encode() puts it there, decode() verifies it, and kDamaged names table and key.
// So it does of a track whose name breaks the rules of names: no reader of a bag meets such a one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/points/fate.hpp"
#include "schemas/points/loss.hpp"
#include "schemas/result.hpp"

namespace zbag {

inline constexpr std::uint64_t kBagFormat = 1;
inline constexpr const char* kZbagVersion = "0.1.0";

inline constexpr const char* kMetaTable = "meta";
inline constexpr const char* kTracksTable = "tracks";
inline constexpr const char* kBlocksTable = "blocks";
inline constexpr const char* kOrderTable = "order";
inline constexpr const char* kLossesTable = "losses";
inline constexpr const char* kAttachmentsTable = "attachments";
inline constexpr const char* kJournalTable = "journal";

inline constexpr std::uint32_t kLateSerial = 0x80000000u;  // the top bit of a late block's serial

// track id · first key · serial
struct BlockKey {
  std::uint32_t track = 0;
  std::int64_t first = 0;
  std::uint32_t serial = 0;

  bool is_late() const { return (serial & kLateSerial) != 0; }
  std::string encode() const;
  static std::optional<BlockKey> decode(std::string_view bytes);
  friend bool operator==(const BlockKey&, const BlockKey&) = default;
};

// track id · index -> key of the point, and its rank among late points. Written for late points;
// all others take the indices that are left, in order of their keys. An entry whose rank has its
// top bit set speaks of points that a fold has put in place: from this index on, up to the next
// entry, points have the ordinals of the main run that begin with the rest of the rank.
struct OrderEntry {
  static constexpr std::uint64_t kFolded = std::uint64_t{1} << 63;

  std::uint32_t track = 0;
  std::uint64_t index = 0;
  std::int64_t key = 0;
  std::uint64_t rank = 0;

  bool is_folded() const { return (rank & kFolded) != 0; }
  // The ordinal in the main run of the point of index `at`, which no entry behind this one is of.
  std::uint64_t main_ordinal(std::uint64_t at) const {
    return is_folded() ? (rank & ~kFolded) + (at - index) : at - (rank + 1);
  }
  std::string encode_key() const;
  std::string encode_value() const;
  static Result<OrderEntry> decode(std::string_view key, std::string_view value);
  static std::uint32_t track_of(std::string_view key);  // whether or not the rest is damaged
};

// What is known of a track. `main_points + late_points` is its total.
struct TrackRecord {
  std::string name;
  std::uint32_t id = 0;
  double created = 0.0;
  std::uint64_t main_points = 0;
  std::uint64_t late_points = 0;
  std::uint64_t bytes = 0;  // of the points' fields as MessagePack, as first written
  std::optional<std::int64_t> first;
  std::optional<std::int64_t> last;
  std::optional<std::int64_t> main_end;  // the last key of the main run
  std::uint32_t next_serial = 0;
  std::uint32_t next_late_serial = 0;
  std::map<std::string, std::set<std::string>> fields;  // name -> types seen
  Fate fate;
  std::optional<std::uint64_t> lost;  // nullopt: no publisher numbered its frames
  std::uint64_t missed_before = 0;
  // Of the main run, those that lie in blocks; nullopt: all do. The others are in the journal.
  std::optional<std::uint64_t> in_blocks;
  // The last record of the journal whose counters are in this one; 0: none ever.
  std::uint64_t journal = 0;

  std::uint64_t total() const { return main_points + late_points; }
  // Points a second from the first to the last; nullopt where there is no time between them.
  std::optional<double> rate() const;
  // Why its fate is not that of the points it counts; nullopt: it is.
  std::optional<std::string> fate_fault() const;
  std::string encode() const;
  static Result<TrackRecord> decode(std::string_view name, std::string_view bytes);
};
// What a reader needs of a track's record to find its points, taken from it without the rest.
struct TrackExtent {
  std::uint32_t id = 0;
  std::optional<std::int64_t> first;  // nullopt: no point was written
  std::optional<std::int64_t> last;

  static Result<TrackExtent> decode(std::string_view name, std::string_view bytes);
};
// A hostile publisher must not grow a track's record without end.
inline constexpr std::size_t kTrackFieldsMax = 4'096;

struct RunRecord {
  std::uint32_t id = 0;
  double start = 0.0;
  std::optional<double> end;
  bool closed = false;
  std::string host;
  std::string version;
  Fields config;
  Fields metadata;

  // As keys of `losses` have it.
  std::int64_t start_ns() const { return static_cast<std::int64_t>(start * 1e9); }
  std::string encode() const;
  static Result<RunRecord> decode(std::string_view key, std::string_view bytes);
};

// Of a loss: its key and its record.
std::string encode_loss_key(const LossRecord& loss);
std::string encode_loss(const LossRecord& loss);
Result<LossRecord> decode_loss(std::string_view key, std::string_view value);

// Who writes to the bag now.
struct WriterRecord {
  std::uint64_t pid = 0;
  std::string host;
  std::string node;
  double since = 0.0;

  std::string encode() const;
  static Result<WriterRecord> decode(std::string_view bytes);
};

// What the bag as a whole knows: its format and maker. Of this form in every format, so that who
// cannot read a bag can say why.
struct BagRecord {
  std::uint64_t format = kBagFormat;
  std::string creator;
  double created = 0.0;

  std::string encode() const;
  static Result<BagRecord> decode(std::string_view bytes);
};

Fields fate_fields(const Fate& fate);
Fate fate_of(const Fields& fields);

// Frames refused without a track's name.
std::string encode_unnamed_fate(const Fate& fate);
Result<Fate> decode_unnamed_fate(std::string_view bytes);

// Whether a record, of any table but `blocks`, is what a writer may have put there: its checksum,
// its form, the name of its track.
Status verify_record(std::string_view table, std::string_view key, std::string_view value);
// How all that is said of a record names it: "table tracks, arm/imu", "table order, track 3, index
// 9", "table journal, 9". Bytes of a key that no name has are shown as \xNN: it may be damaged.
std::string record_place(std::string_view table, std::string_view key);

std::string run_key(std::uint32_t id);
std::string journal_key(std::uint64_t number);
std::optional<std::uint64_t> journal_number(std::string_view key);
inline constexpr std::string_view kBagKey = "bag";
inline constexpr std::string_view kWriterKey = "writer";
inline constexpr std::string_view kUnnamedFateKey = "fate";  // of frames without a track
inline constexpr std::string_view kRunPrefix = "run/";

}  // namespace zbag
