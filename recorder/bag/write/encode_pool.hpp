// Prepares blocks, compression above all, on threads beside the ones that form and store them.
//
// A job is made by the thread that forms blocks, submitted, and taken up by whoever comes first: a
// thread of the pool, or the one that waits for it. Encoders are lent and come back, so that their
// memory is used again.
//
// Thread-safe. wait_for() blocks until the job is prepared; nothing else blocks.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "recorder/bag/block/block_encoder.hpp"
#include "recorder/bag/records/layout.hpp"
#include "recorder/bag/write/tail_order.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

// One block on its way into the bag. Rows are lent by the batch they came with, or lie in `arenas`.
struct BlockJob {
  BlockKey key;
  BlockHeader header;
  std::vector<BlockKey> replaced;        // blocks on disk that go when this one comes
  std::vector<OrderChange> order;        // and what becomes of `order`
  std::unique_ptr<BlockEncoder> points;  // null: the one point is `lone`
  RowPoint lone;
  std::deque<std::string> arenas;
  std::size_t bytes = 0;  // of the block, once prepared

 private:
  friend class EncodePool;
  enum class State : std::uint8_t { kNew, kQueued, kTaken, kReady };
  State state_ = State::kNew;  // guarded by the pool's mutex
};

class EncodePool {
 public:
  // `threads` may be 0: then whoever waits does the work.
  EncodePool(CompressionSpec compression, unsigned threads);
  ~EncodePool();
  EncodePool(const EncodePool&) = delete;
  EncodePool& operator=(const EncodePool&) = delete;

  bool compresses() const { return compression_.kind != Compression::kNone; }
  std::unique_ptr<BlockEncoder> lend();
  void give_back(std::unique_ptr<BlockEncoder> encoder);

  // The job must live, and its rows with it, until wait_for() has returned.
  void submit(BlockJob& job);
  void wait_for(BlockJob& job);
  // What the points would measure as a block, by preparing one. REQUIRES: there are some.
  std::size_t measure(BlockEncoder& points, const BlockHeader& header);

 private:
  std::unique_ptr<BlockScratch> take_scratch() ZBAG_REQUIRES(mutex_);
  void run();
  void prepare(BlockJob& job, BlockScratch& scratch) const;

  const CompressionSpec compression_;
  Mutex mutex_;
  Condition work_;
  Condition ready_;
  std::deque<BlockJob*> queue_ ZBAG_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<BlockEncoder>> free_ ZBAG_GUARDED_BY(mutex_);
  // Null while one that waits works with it.
  std::unique_ptr<BlockScratch> waiters_scratch_ ZBAG_GUARDED_BY(mutex_);
  bool stops_ ZBAG_GUARDED_BY(mutex_) = false;

  std::vector<std::thread> threads_;
};

}  // namespace zbag
