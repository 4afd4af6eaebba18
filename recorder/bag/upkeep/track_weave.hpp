// The points of one track out of blocks that may overlap, repeat each other and be damaged: in
// order of key, each once, the newest state of it.
//
// Not thread-safe. Lends points from the blocks; they are valid until the next call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/upkeep/salvage.hpp"

namespace zbag {

class TrackWeave {
 public:
  static constexpr std::size_t kOpenBytesMax = 1u << 30;  // of blocks open at one time

  // REQUIRES: all of one track.
  explicit TrackWeave(std::vector<FoundBlock> blocks);

  struct Woven {
    const StoredPoint* point;
    bool is_late;
    std::uint64_t ordinal;  // in the main run; of a late point its index
  };
  // nullopt at the end.
  std::optional<Woven> next();
  // Blocks that could not be read, so far.
  struct Unread {
    BlockHeader header;
    std::string what;
  };
  const std::vector<Unread>& unread() const { return unread_; }

 private:
  // What tells points apart, in the order they come: key, main before late, ordinal.
  using Place = std::tuple<std::int64_t, bool, std::uint64_t>;
  struct Open {
    FoundBlock found;
    Block block;
    std::size_t at = 0;

    const StoredPoint& point() const { return block.points()[at]; }
    Place place() const;
  };
  static bool are_one(const Open& a, const Open& b);
  static Place earliest(const FoundBlock& block);
  void open(const FoundBlock& block);

  std::vector<FoundBlock> blocks_;  // by their earliest place
  std::size_t next_block_ = 0;
  std::vector<std::unique_ptr<Open>> open_;  // a heap, the earliest place first
  std::unique_ptr<Open> given_;              // lends the point given out last
  std::size_t open_bytes_ = 0;
  std::vector<Unread> unread_;
};

}  // namespace zbag
