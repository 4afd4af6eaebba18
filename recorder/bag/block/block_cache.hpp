// Decoded blocks, kept for whoever comes back to the same place: reads by index, the last point
// before a stamp, ranges that begin where another one ended.
//
// Bounded in bytes: the block that was not asked for the longest goes first. What a block was
// decoded from is told by its whole header, checksum included, so that a block that was rewritten
// is another one. Uncompressed blocks are not kept: to be lent their rows costs nothing.
// Thread-safe.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "recorder/bag/block/block.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

class BlockCache {
 public:
  static constexpr std::size_t kBytesMax = 32u << 20;
  explicit BlockCache(std::size_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  // The block that `value` encodes, decoded with its maps: as it was kept, or decoded now and kept.
  // Errors as Block::open. Its rows live as long as the block, or as `value` when it is lent them.
  Result<std::shared_ptr<Block>> open(std::string_view value);

  std::size_t bytes() const;

 private:
  struct Kept {
    std::string header;
    std::shared_ptr<Block> block;
    std::size_t bytes;
  };
  std::shared_ptr<Block> find(std::string_view header);
  void keep(std::string_view header, std::shared_ptr<Block> block);

  const std::size_t bytes_max_;
  mutable Mutex mutex_;
  std::list<Kept> kept_ ZBAG_GUARDED_BY(mutex_);  // the one asked for last comes first
  std::unordered_map<std::string_view, std::list<Kept>::iterator> by_header_
      ZBAG_GUARDED_BY(mutex_);
  std::size_t bytes_ ZBAG_GUARDED_BY(mutex_) = 0;
};

}  // namespace zbag
