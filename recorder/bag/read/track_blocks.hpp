// The blocks of one track as readers meet them: in groups of one main block and the late blocks
// that lie between it and the next.
//
// Not thread-safe; lives within its transaction. Blocks lend rows from the map: what is loaded is
// valid until the transaction ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/block/block_cache.hpp"
#include "recorder/bag/pages/lmdb.hpp"
#include "recorder/bag/records/layout.hpp"
#include "schemas/result.hpp"

namespace zbag {

// A reader that holds its transaction longer makes the writer's file grow (performance.md).
inline constexpr std::chrono::milliseconds kTxnAgeMax{300};

// The blocks of one track that are read together: one main block and the late blocks that lie
// between it and the next.
struct BlockGroup {
  struct Member {
    BlockKey key;
    std::shared_ptr<Block> block;
  };
  std::vector<Member> members;
  struct Entry {
    const StoredPoint* point;
    std::optional<std::uint64_t> main_ordinal;  // nullopt: a late point
    bool is_folded;                             // of a folded block
  };
  // Which point an entry is, in whatever transaction it is met again. Late points and those of the
  // main run keep their ordinals until they are folded, and then their key was there once.
  struct Place {
    std::int64_t key;
    bool is_late;
    std::uint64_t ordinal;  // in the main run, or index of a late point
    bool is_folded;
    std::int64_t wall_ns;
    std::int64_t mono_ns;

    static Place of(const Entry& entry) {
      return {
          entry.point->key, !entry.main_ordinal,  entry.main_ordinal.value_or(entry.point->index),
          entry.is_folded,  entry.point->wall_ns, entry.point->mono_ns};
    }
    // Whether a cursor that has given this point out has given `entry`, too.
    bool covers(const Entry& entry, bool reverse) const {
      const Place other = of(entry);
      if (other.key != key) return false;
      // It may have had another ordinal when this was given out. No other of its key was there
      // before it; what has come behind it since has another arrival.
      if (other.is_folded)
        return !reverse || (other.wall_ns == wall_ns && other.mono_ns == mono_ns);
      return reverse ? order() <= other.order() : other.order() <= order();
    }

   private:
    // Among points of one key.
    std::pair<bool, std::uint64_t> order() const { return {is_late, ordinal}; }
  };
  std::vector<Entry> entries;  // in order of key, main before late, late by index
  // Opened with Maps::kLater a group that is one main block has no entries until they are listed:
  // they are its points.
  bool is_one_block = false;
  void list_entries() {
    if (!std::exchange(is_one_block, false)) return;
    const std::size_t count = members.front().block->points().size();
    for (std::size_t i = 0; i < count; ++i) entries.push_back(entry_of(i));
  }
  // REQUIRES: it is of one block.
  Entry entry_of(std::size_t point) const {
    const Block& block = *members.front().block;
    return {&block.points()[point], block.header().first_ordinal + point,
            block.header().is_folded()};
  }
  std::optional<BlockKey> start;       // the main block; nullopt: only late blocks before the first
  std::optional<BlockKey> next_start;  // the next main block
};

class TrackBlocks {
 public:
  static Result<TrackBlocks> open(const Txn& txn, Table blocks, std::uint32_t track);

  // The last main block whose first key is below `key`, or equal to it unless `strictly`.
  Result<std::optional<BlockKey>> main_before(std::int64_t key, bool strictly);
  // The main block before `block`.
  Result<std::optional<BlockKey>> main_before(const BlockKey& block);
  Result<BlockHeader> header(const BlockKey& block);

  // A block that could not be read, and what that costs.
  struct Damage {
    BlockKey key;
    std::int64_t last = 0;
    std::uint32_t points = 0;  // 0: not known
  };
  // The group that begins at `start` (from the track's first block when nullopt). Every checksum is
  // verified; on kDamaged `damage` says where. Blocks in `leave_out` are passed over.
  Result<BlockGroup> load(const std::optional<BlockKey>& start,
                          const std::vector<BlockKey>& leave_out, std::optional<Damage>& damage,
                          Block::Maps maps = Block::Maps::kNow) {
    return load(start, leave_out, damage, maps, nullptr);
  }
  // The same through a cache, for a place that may be read again soon: what is found there was
  // verified when it was read. Who reads on from there to the end does better without: it would
  // fill the cache with what nobody asks for again.
  Result<BlockGroup> load_again(const std::optional<BlockKey>& start,
                                const std::vector<BlockKey>& leave_out,
                                std::optional<Damage>& damage, BlockCache& cache) {
    return load(start, leave_out, damage, Block::Maps::kNow, &cache);
  }

 private:
  TrackBlocks(TableCursor cursor, std::uint32_t track)
      : cursor_(std::move(cursor)), track_(track) {}
  Result<BlockGroup> load(const std::optional<BlockKey>& start,
                          const std::vector<BlockKey>& leave_out, std::optional<Damage>& damage,
                          Block::Maps maps, BlockCache* cache);
  Damage damage_of(const BlockKey& block, std::string_view value);
  // nullopt behind the track; a malformed key makes `item` an error.
  std::optional<BlockKey> mine(Result<std::optional<TableCursor::Item>>& item) const;

  TableCursor cursor_;
  std::uint32_t track_;
};

}  // namespace zbag
