// What publishers' numbering proves: frames lost, sent before we were there, or sent twice.
//
// Every publishing session (`_src`) numbers the frames of each track from 0 (`_seq`). A number
// missing in between is a lost frame; one that comes later after all is found again. What a session
// had sent before its first frame reached us is `missed_before`, unless the session had announced
// itself (_sys/session) with a lower count: then the difference is lost. Announced counts also show
// loss at the very end of a track, once the stream has been drained.
//
// Bounded: 100 000 streams, 64 gaps each. Not thread-safe: owned by the thread that receives.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/points/loss.hpp"

namespace zbag {

class LossLedger {
 public:
  // One session's numbering of one track.
  struct Stream {
    std::uint64_t src = 0;
    std::uint32_t track = 0;
    std::uint64_t expected = 0;
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
  };

  // The stream a frame belongs to, made on its first frame; nullptr beyond the limit. The pointer
  // lives as long as the ledger.
  Stream* stream(std::uint64_t src, std::uint32_t track, std::string_view name,
                 std::uint64_t first_seq);
  // Counts a frame; false when it is a duplicate and must be skipped.
  bool note(Stream& stream, std::uint64_t seq);
  // A frame of _sys/session.
  void announce(const Fields& session);
  // Counts as lost what sessions announced and what never came. To be called once, when nothing
  // more will come. `wants` tells whether a track name is recorded at all; `id_of` numbers it.
  void settle(const std::function<bool(const std::string&)>& wants,
              const std::function<std::uint32_t(const std::string&)>& id_of);

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
  struct Source {
    std::string name;
    std::unordered_map<std::string, std::uint64_t> first_counts;  // when it was first heard of
    std::unordered_map<std::string, std::uint64_t> counts;        // when it was last
    bool was_announced_first = false;
    std::vector<Stream*> unnamed;  // whose records may be in the bag without its name
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
  void lose(Stream& stream, std::uint64_t first, std::uint64_t limit);
  static void forget_old_gaps(Stream& stream);
  void mark(Stream& stream);

  std::unordered_map<Key, Stream, KeyHash> streams_;
  std::unordered_map<std::uint64_t, Source> sources_;
  std::unordered_map<std::uint32_t, TrackLoss> tracks_;
  std::vector<Stream*> dirty_;
};

}  // namespace zbag
