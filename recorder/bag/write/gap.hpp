// A stretch of a track from one main block to the next, with the late blocks in it (FORMAT.md, Late
// points), as a write transaction sees it: what a late point has to do with.
//
// Not thread-safe; lives within its transaction. Blocks are read when they are asked for, as
// copies: pages move while the transaction writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/pages/lmdb.hpp"
#include "recorder/bag/records/layout.hpp"
#include "schemas/points/point.hpp"

namespace zbag {

class Gap {
 public:
  struct Stored {
    BlockKey key;
    BlockHeader header;
    std::string bytes;  // once it is open
    std::optional<Block> block;
    bool is_damaged = false;

    bool is_lone() const { return (header.flags & kBlockLone) != 0; }
    bool may_hold(std::int64_t wanted) const {
      return header.count > 0 && header.first <= wanted && wanted <= header.last;
    }
    // The points as something to encode again, lent by the block. kDamaged: a row is malformed.
    // REQUIRES: it is open.
    Status append_rows(std::vector<RowPoint>& rows) const;
  };

  // The one `key` lies in.
  static Result<Gap> find(const Txn& txn, Table blocks, std::uint32_t track, std::int64_t key);

  // The main block first, when there is one, then the late ones.
  std::vector<Stored>& blocks() { return blocks_; }
  // The first key of the next main block.
  std::optional<std::int64_t> limit() const { return limit_; }
  Stored* cover() { return !blocks_.empty() && !blocks_[0].key.is_late() ? &blocks_[0] : nullptr; }

  // Opens the block unless it is open. False when it is damaged: nothing that is new is lost for
  // it.
  Result<bool> open(Stored& stored);

  // The newest point of a key: a position in blocks(), which is open then.
  struct Newest {
    std::size_t block;
    std::size_t at;
  };
  Result<std::optional<Newest>> newest(std::int64_t key);

 private:
  Gap(const Txn& txn, Table table) : txn_(&txn), table_(table) {}

  const Txn* txn_;
  Table table_;
  std::vector<Stored> blocks_;
  std::optional<std::int64_t> limit_;
};

}  // namespace zbag
