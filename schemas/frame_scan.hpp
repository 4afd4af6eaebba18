// The one pass over a frame on the hot path: validates every byte of a MessagePack map and notes
// its reserved fields without building a value.
//
// Guarantees: no allocation for up to 64 top-level keys, no recursion, never reads outside the
// bytes given; cost is linear in them (n log n in the number of top-level keys above 64).
// What passes is whole: str keys at every depth, no key twice at top level, depth at most 32,
// nothing behind the map. A frame that passes can be decoded without meeting an error.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "schemas/timestamp.hpp"

namespace zbag {

// A frame of a stranger may not be larger: twice the largest raw camera image in use, and far below
// LMDB's limit on one value.
inline constexpr std::size_t kFrameBytesMax = 64u << 20;
// Of a map's pairs without its header: what merging frames may make of a point.
inline constexpr std::size_t kPairsBytesMax = kFrameBytesMax - 5;
// What a frame may hold, maps and arrays within it included, keys counted apart: a byte on the wire
// is some 50 in memory once somebody makes values of it.
inline constexpr std::uint32_t kItemsMax = 1u << 20;

// Why a frame is refused; every reason has a counter of its own. The names are in bags and in
// JSON: append only.
enum class Refusal : std::uint8_t {
  kNotAMap,
  kTrailingBytes,
  kDuplicateKey,
  kBadTimestamp,  // string, bool, nil, NaN, infinite, outside int64 nanoseconds
  kBadName,       // the topic is no track name
  kTooDeep,
  kTooLarge,
  kTruncated,
  kBadKey,            // a key that is not a str
  kBadType,           // 0xc1, which MessagePack never uses
  kNothingToInherit,  // _ts = -1 without a stamp before it, or without _src
  kNoTimestamp,       // _ts missing under --timestamps require
  kLate,              // its point was written and --late-merge is reject
  kBadMessage,        // what kOnePart was in bags before it
  kTooManyTracks,     // the recorder's limit on tracks is reached
  kOnePart,           // a message without a frame behind its topic
  kTooManyItems,      // more than --max-items
};
inline constexpr std::size_t kRefusalCount = 17;
// "not_a_map", "trailing_bytes"...
const char* refusal_name(Refusal refusal);

enum class StampKind : std::uint8_t { kMissing, kInherit, kGiven };
// What a missing stamp means: stamp it now, do so and warn once per track, or refuse it.
enum class TimestampMode : std::uint8_t { kAuto, kWarn, kRequire };

struct FrameScan {
  StampKind stamp_kind = StampKind::kMissing;
  bool stamp_is_float32 = false;     // so coarse today that many frames have the same
  bool has_odd_numbering = false;    // a _seq or _src is no uint
  Timestamp stamp;                   // set when kGiven
  std::optional<std::uint64_t> seq;  // a _seq or _src that is no uint counts as a user field
  std::optional<std::uint64_t> src;
  bool latch = false;
  std::uint32_t fields = 0;  // pairs other than _ts, _seq and _src
  // A fingerprint of the names and types of those pairs in their order, so that whoever collects
  // them looks at a frame only when this is new. 0 is never one.
  std::uint64_t shape = 1;
  // The bytes of those pairs: one range when the reserved fields come first, as our publishers
  // send them; up to four otherwise. Offsets into the frame.
  struct ByteRange {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  std::array<ByteRange, 4> ranges{};
  std::uint8_t range_count = 0;
};

// Scans one frame. The result's offsets refer to `bytes`.
struct ScanOutcome {
  std::optional<Refusal> refusal;
  FrameScan scan;
};
// kTooManyItems: only with a limit on them; what is in a bag had passed one.
ScanOutcome scan_frame(std::span<const std::uint8_t> bytes, std::uint32_t items_max = UINT32_MAX);

// For whoever knows where the reserved fields lie. REQUIRES, both: `value` is one whole item.
// Notes what `_ts` says; false when it is no stamp.
bool read_stamp(std::span<const std::uint8_t> value, FrameScan& scan);
// A number in one of its unsigned forms.
std::optional<std::uint64_t> read_unsigned(std::span<const std::uint8_t> value);

}  // namespace zbag
