#include "recorder/bag/block/block_cache.hpp"

#include <utility>

namespace zbag {

Result<std::shared_ptr<Block>> BlockCache::open(std::string_view value) {
  const std::string_view header = value.substr(0, kBlockHeaderBytes);
  if (std::shared_ptr<Block> kept = find(header)) return kept;
  Result<Block> block = Block::open(value);
  if (!block) return tl::unexpected(block.error());
  auto opened = std::make_shared<Block>(std::move(*block));
  if (opened->owned_bytes() > 0) keep(header, opened);
  return opened;
}

std::shared_ptr<Block> BlockCache::find(std::string_view header) {
  const MutexLock lock(mutex_);
  const auto it = by_header_.find(header);
  if (it == by_header_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, it->second);
  return it->second->block;
}

void BlockCache::keep(std::string_view header, std::shared_ptr<Block> block) {
  const std::size_t bytes =
      block->owned_bytes() + block->points().size() * sizeof(StoredPoint) + sizeof(Kept);
  if (bytes > bytes_max_) return;
  const MutexLock lock(mutex_);
  if (by_header_.contains(header)) return;  // another thread was as quick
  kept_.push_front({std::string(header), std::move(block), bytes});
  by_header_.emplace(kept_.front().header, kept_.begin());
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    by_header_.erase(kept_.back().header);
    bytes_ -= kept_.back().bytes;
    kept_.pop_back();
  }
}

std::size_t BlockCache::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace zbag
