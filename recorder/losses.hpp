// What publishers' numbering proves: frames lost, sent before we were there, or sent twice.
//
// Every publishing session (`_src`) numbers the frames of each track from 0 (`_seq`). A number
// missing in between is a lost frame; one that comes later after all is found again. What a session
// had sent before its first frame reached us is `missed_before`, unless the session had announced
// itself (_sys/session) with a lower count: then the difference is lost. Announced counts also show
// loss at the very end of a track, once the stream has been drained.
//
// A number that is not above the newest one is a duplicate only where the very same bytes came
// within the last 1,024 frames; else the publisher has begun to count anew, which costs no frame
// (wire.md, `_seq` again). A step of 2^40 or more is no loss either, but a new life: no counter
// gets there.
//
// Of what is announced only counts of tracks whose frames come are believed, and of those only what
// the frames make plausible: at the end of a stream at most 2^20 lost frames, what queues on the
// way may have held, and 16 for each that came. Anybody may announce in another's name, and a count
// beyond that is no loss but a claim.
//
// Bounded: kStreamsMax streams, kTracksOfSessionMax of one session, 64 gaps each; 4 Mi frames
// remembered in all. What is beyond has no loss that is known. Of sessions the kSourcesMax that
// announced themselves or began a track most recently are known by name and by what they announced;
// one that is forgotten and comes again is as a new one. Sums stop at the end of their range.
// Not thread-safe: owned by the thread that receives.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schemas/most_recent.hpp"
#include "schemas/points/loss.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

class LossLedger {
 public:
  static constexpr std::size_t kStreamsMax = 100'000;
  static constexpr std::size_t kSourcesMax = 10'000;
  // Of one session, what is numbered and what is announced.
  static constexpr std::size_t kTracksOfSessionMax = 4'096;

  // One session's numbering of one track.
  struct Stream {
    std::uint64_t src = 0;
    std::uint32_t track = 0;
    std::string name;            // of the track
    bool has_source = false;     // its session is known, and knows of it
    std::uint64_t first = 0;     // of this life
    std::uint64_t expected = 0;  // one above the newest
    std::uint64_t announced = 0;
    std::uint64_t lost = 0;
    std::uint64_t missed_before = 0;
    std::uint64_t received = 0;
    struct Gap {
      std::uint64_t first;
      std::uint64_t limit;
    };
    std::vector<Gap> gaps;
    bool gaps_forgotten = false;
    bool is_dirty = false;
    std::vector<std::uint64_t> seen;  // hashes of the newest frames, a ring once it is full
    std::size_t oldest_seen = 0;
  };

  // The stream a frame belongs to, made on its first frame; nullptr beyond the limits. The pointer
  // lives as long as the ledger.
  Stream* stream(std::uint64_t src, std::uint32_t track, std::string_view name,
                 std::uint64_t first_seq);
  enum class Found : std::uint8_t { kFrame, kDuplicate, kNewLife };
  // Counts a frame. kDuplicate: to be skipped. kNewLife: its publisher counts anew.
  Found note(Stream& stream, std::uint64_t seq, std::span<const std::uint8_t> frame);
  // True the first time a publisher counts anew, of the first few that do.
  bool tells_of_new_life(std::uint64_t src);
  // A frame of _sys/session; false when it is too large or malformed, and was ignored. Costs as
  // much as scanning it.
  bool announce(std::span<const std::uint8_t> session);
  // Counts as lost what sessions announced of tracks and what never came. To be called once, when
  // nothing more will come. `changed` hears of every track whose loss has grown.
  void settle(const std::function<void(std::uint32_t)>& changed);
  // What sessions whose frames came say they have sent, and no frame makes plausible: on other
  // tracks since they were heard of, or on one of which far fewer came. To be asked before or after
  // settle().
  struct Claim {
    std::string publisher;
    std::string track;
    std::uint64_t count = 0;
    std::uint64_t received = 0;  // of the track
  };
  std::vector<Claim> claims() const;

  // Of all streams of a track; nullopt when none is numbered.
  struct TrackLoss {
    std::uint64_t lost = 0;
    std::uint64_t missed_before = 0;
  };
  std::optional<TrackLoss> of_track(std::uint32_t track) const;
  // What was told of that stream has not reached the bag.
  void report_again(std::uint64_t src, std::uint32_t track);
  // What changed since the last call, for the bag. `name_of` gives a track's name.
  std::vector<LossRecord> take_changed(
      const std::function<const std::string&(std::uint32_t)>& name_of);

 private:
  using Counts = std::unordered_map<std::string, std::uint64_t>;
  struct Source {
    std::string name;
    std::unordered_map<std::string, Stream*> streams;
    // What it said when it was first heard of, if that was before any frame: in one frame or
    // several of one stamp and state.
    bool was_announced_first = false;
    std::optional<Timestamp> first_announced;
    std::string first_state;
    Counts first_counts;
    bool first_counts_full = false;
    Counts claims;  // newest counts without a stream
    bool told_of_new_life = false;
  };
  struct Key {
    std::uint64_t src;
    std::uint32_t track;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return key.src * 0x9e3779b97f4a7c15ULL ^ key.track;
    }
  };
  Source& source_of(std::uint64_t src);
  static void add_stream(Source& source, Stream& stream);
  static std::uint64_t sent_before(const Source& source, const std::string& name,
                                   std::uint64_t first_seq);
  void take_counts(Source& source, std::span<const std::uint8_t> counts, bool is_first);
  bool keep_count(Counts& counts, const std::string& name, std::uint64_t count);
  bool fill_gap(Stream& stream, std::uint64_t seq);
  void remember(Stream& stream, std::uint64_t hash);
  void lose(Stream& stream, std::uint64_t first, std::uint64_t limit);
  static void forget_old_gaps(Stream& stream);
  void mark(Stream& stream);

  std::unordered_map<Key, Stream, KeyHash> streams_;
  MostRecent<Source> sources_{kSourcesMax};
  std::unordered_map<std::uint32_t, TrackLoss> tracks_;
  std::vector<Stream*> dirty_;
  std::size_t counts_ = 0;  // kept of all sources
  std::size_t seen_ = 0;    // of all streams
  std::size_t told_of_new_lives_ = 0;
};

}  // namespace zbag
