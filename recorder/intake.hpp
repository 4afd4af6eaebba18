// The first stage of recording: takes frames as they arrive, on the thread that receives them.
//
// Validates the whole frame in one pass, resolves its stamp, notes its publisher's numbering, and
// keeps the bytes of its fields in a chunk that moves on to the writer as a whole. Counts what it
// refuses and skips. Copies small frames once; of large ones it keeps the message itself.
// No allocation per frame, apart from a chunk's own when it begins.
//
// Neither what is refused nor what the filter leaves out makes a track. Of those who send the first
// the worst are kept (Offenders); the second is counted in one sum, whatever its topics.
//
// Not thread-safe. Never blocks. Limits: kTracksMax tracks; the last stamp of each of the
// kSourcesMax publishers heard most recently, for `_ts` -1; a chunk holds kChunkFrames frames or
// kChunkBytes bytes, whichever comes first (one frame may exceed the bytes). A chunk weighs all the
// memory it has: where little comes between two calls of take(), chunks are small, so that many
// seconds of a slow bus fit a buffer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bus/context.hpp"
#include "recorder/losses.hpp"
#include "recorder/offenders.hpp"
#include "schemas/frame_layout.hpp"
#include "schemas/most_recent.hpp"
#include "schemas/mutex.hpp"
#include "schemas/points/batch.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

inline constexpr std::size_t kTracksMax = 50'000;
inline constexpr std::size_t kSourcesMax = LossLedger::kSourcesMax;
inline constexpr std::size_t kChunkFrames = 2'048;
inline constexpr std::size_t kChunkBytes = 256u << 10;
// Frames of this size and more are kept as messages instead of being copied.
inline constexpr std::size_t kKeepBytes = 16u << 10;

// When a frame arrived, by both clocks.
struct ArrivalTime {
  std::int64_t wall_ns = 0;
  std::int64_t mono_ns = 0;
  static ArrivalTime now();
};

// A bundle of arrivals on its way to the writer. Owns the bytes its points lie in.
struct Chunk {
  struct Arrival {
    std::uint32_t track;
    RowPoint point;
  };
  // What else happened on a track: everything but `points` and `merged`, which come later.
  struct TrackNews {
    std::uint32_t track;
    Fate fate;
    std::optional<LossLedger::TrackLoss> loss;
  };
  std::vector<Arrival> arrivals;
  std::vector<std::pair<std::uint32_t, std::string>> new_tracks;  // numbers and names
  std::vector<TrackNews> news;
  std::vector<LossRecord> losses;
  Fate unnamed;
  std::unique_ptr<std::uint8_t[]> arena;
  std::size_t arena_used = 0;
  std::size_t arena_size = 0;
  std::vector<Message> kept;                           // large frames, as they came
  std::vector<std::unique_ptr<std::uint8_t[]>> spill;  // copies the arena had no room for
  std::size_t kept_bytes = 0;                          // of both

  std::size_t weight() const;  // bytes of memory
  bool empty() const {
    return arrivals.empty() && news.empty() && losses.empty() && unnamed.received == 0;
  }
};

class Intake {
 public:
  struct Options {
    TrackFilter filter;
    TimestampMode timestamps = TimestampMode::kAuto;
    std::uint32_t items_max = kItemsMax;           // of one frame
    std::function<void(const std::string&)> warn;  // a few times for each kind of trouble
  };
  explicit Intake(Options options) : options_(std::move(options)) {}

  // Takes one message. `frame` is shared when it is large, else copied; `more` become _part2...
  // Returns why it was refused; nullopt when it was taken or skipped.
  std::optional<Refusal> accept(std::string_view topic, Message& frame, std::span<Message> more,
                                ArrivalTime arrival);
  // The same for bytes that are always copied.
  std::optional<Refusal> accept(std::string_view topic, std::span<const std::uint8_t> frame,
                                ArrivalTime arrival);
  // Counts a message of one part, which is no topic whatever it says.
  void refuse_message(std::string_view text);
  // Notes a frame of _sys/session; malformed and large ones are ignored.
  void announce(std::span<const std::uint8_t> frame);
  // To be called once at the end: see LossLedger::settle.
  void settle();

  // Who sent what was refused.
  const Offenders& offenders() const { return offenders_; }

  // Names of tracks that the filter leaves out, the first kLeftOutMax of them. Thread-safe.
  static constexpr std::size_t kLeftOutMax = 1'000;
  std::vector<std::string> left_out() const;

  // While paused, frames are counted as skipped.
  void pause(bool paused) { paused_ = paused; }

  bool is_full() const {
    return chunk_.arrivals.size() >= kChunkFrames || !chunk_.spill.empty() ||
           chunk_.arena_used + chunk_.kept_bytes >= kChunkBytes;
  }
  bool is_empty() const { return chunk_.empty() && dirty_.empty() && unnamed_.received == 0; }
  // What has been taken since the last call, with all news.
  Chunk take();
  // A chunk that found no room: its frames become dropped ones, its news go with the next chunk.
  void drop(Chunk chunk);

 private:
  using Sources = MostRecent<std::optional<Timestamp>>;  // by `_src`: the last stamp
  struct TopicState {
    std::uint32_t track = 0;
    std::string name;
    FrameLayout layout;
    TopicState* plain = nullptr;  // of a topic with a leading '/': the state that serves it
    bool warned_stamp = false;
    bool warned_numbering = false;
    std::uint8_t equal_float32 = 0;  // frames in a row with one float32 stamp, this one
    std::int64_t float32_key = 0;
    bool is_dirty = false;
    Fate fate;
    std::uint64_t cached_src = 0;
    LossLedger::Stream* cached_stream = nullptr;
    std::optional<Sources::Place> cached_source;  // of cached_src, as long as its key is that
  };
  static_assert(kRefusalCount <= 32);
  enum class Notice : std::uint8_t {
    kSlash,
    kStamp,
    kFloat32,
    kNewLife,
    kAnnouncement,
    kClaim,
    kOddNumbering,
    kCount
  };
  TopicState* known(std::string_view topic);
  std::optional<Refusal> place(std::string_view topic, std::span<const std::uint8_t> frame,
                               std::span<Message> more, TopicState*& state);
  std::optional<Refusal> fault_of(std::span<const std::uint8_t> frame,
                                  std::span<Message> more) const;
  void note_left_out(std::string_view topic);
  void mark(TopicState& topic);
  Refusal refuse(Fate& fate, std::string_view topic, Refusal refusal,
                 std::span<const std::uint8_t> frame, std::span<Message> more = {});
  void tell(Notice notice, const std::string& text);
  void note_float32(TopicState& topic, Timestamp stamp);
  std::optional<Refusal> fault_of_stamp(const FrameScan& scan,
                                        const std::optional<Timestamp>* last) const;
  std::optional<Refusal> resolve_stamp(TopicState& topic, FrameScan& scan, ArrivalTime arrival);
  bool note_source(TopicState& topic, const FrameScan& scan, std::span<const std::uint8_t> frame);
  void look_up_source(TopicState& topic, const FrameScan& scan);
  std::optional<Refusal> take_frame(std::string_view topic, std::span<const std::uint8_t> bytes,
                                    Message* message, std::span<Message> more, ArrivalTime arrival);
  void store(TopicState& topic, const FrameScan& scan, std::span<const std::uint8_t> bytes,
             Message* message, std::span<Message> more, ArrivalTime arrival);
  std::uint8_t* room(std::size_t bytes);
  void size_next_chunk();

  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>()(name);
    }
  };

  Options options_;
  std::atomic<bool> paused_{false};  // set from the control thread
  std::unordered_map<std::string, TopicState, NameHash, std::equal_to<>> topics_;
  std::deque<std::string> names_;  // by track number
  LossLedger ledger_;
  Offenders offenders_;
  // How often something was told of each kind, and the last of it.
  std::array<std::pair<std::uint8_t, std::string>, static_cast<std::size_t>(Notice::kCount)> told_;
  Sources sources_{kSourcesMax};
  std::int64_t last_auto_ns_ = INT64_MIN;
  std::int64_t last_mono_ns_ = INT64_MIN / 2;
  std::vector<TopicState*> dirty_;
  Fate unnamed_;
  mutable Mutex mutex_;
  std::set<std::string, std::less<>> left_out_ ZBAG_GUARDED_BY(mutex_);
  std::vector<std::pair<std::uint32_t, std::string>> new_tracks_;
  Chunk chunk_;
  // What a chunk begins with.
  static constexpr std::size_t kArenaBytesMin = 1'024;
  static constexpr std::size_t kArrivalsMin = 4;
  std::size_t arena_bytes_ = kArenaBytesMin;
  std::size_t arrivals_room_ = kArrivalsMin;
};

}  // namespace zbag
