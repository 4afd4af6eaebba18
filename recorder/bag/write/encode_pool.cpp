#include "recorder/bag/write/encode_pool.hpp"

#include <algorithm>

namespace zbag {
namespace {

constexpr std::size_t kFreeEncodersMax = 256;

}  // namespace

EncodePool::EncodePool(CompressionSpec compression, unsigned threads) : compression_(compression) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

EncodePool::~EncodePool() {
  {
    const MutexLock lock(mutex_);
    stops_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::unique_ptr<BlockEncoder> EncodePool::lend() {
  {
    const MutexLock lock(mutex_);
    if (!free_.empty()) {
      std::unique_ptr<BlockEncoder> encoder = std::move(free_.back());
      free_.pop_back();
      return encoder;
    }
  }
  return std::make_unique<BlockEncoder>();
}

void EncodePool::give_back(std::unique_ptr<BlockEncoder> encoder) {
  encoder->clear();
  const MutexLock lock(mutex_);
  if (free_.size() < kFreeEncodersMax) free_.push_back(std::move(encoder));
}

void EncodePool::submit(BlockJob& job) {
  // Without compression there is nothing to prepare but sums: not worth another thread.
  if (threads_.empty() || compression_.kind == Compression::kNone || !job.points) return;
  {
    const MutexLock lock(mutex_);
    job.state_ = BlockJob::State::kQueued;
    queue_.push_back(&job);
  }
  work_.notify_one();
}

void EncodePool::wait_for(BlockJob& job) {
  std::unique_ptr<BlockScratch> scratch;
  {
    MutexLock lock(mutex_);
    if (job.state_ == BlockJob::State::kQueued) queue_.erase(std::ranges::find(queue_, &job));
    ready_.wait(lock, [&] { return job.state_ != BlockJob::State::kTaken; });
    if (job.state_ == BlockJob::State::kReady) return;
    job.state_ = BlockJob::State::kTaken;
    scratch = take_scratch();
  }
  prepare(job, *scratch);
  const MutexLock lock(mutex_);
  waiters_scratch_ = std::move(scratch);
  job.state_ = BlockJob::State::kReady;
}

std::size_t EncodePool::measure(BlockEncoder& points, const BlockHeader& header) {
  std::unique_ptr<BlockScratch> scratch;
  {
    const MutexLock lock(mutex_);
    scratch = take_scratch();
  }
  const std::size_t bytes = points.prepare(header, compression_, *scratch);
  const MutexLock lock(mutex_);
  waiters_scratch_ = std::move(scratch);
  return bytes;
}

std::unique_ptr<BlockScratch> EncodePool::take_scratch() {
  return waiters_scratch_ ? std::move(waiters_scratch_) : std::make_unique<BlockScratch>();
}

void EncodePool::run() {
  BlockScratch scratch;
  MutexLock lock(mutex_);
  while (true) {
    work_.wait(lock, [&]() ZBAG_REQUIRES(mutex_) { return stops_ || !queue_.empty(); });
    if (stops_) return;
    BlockJob& job = *queue_.front();
    queue_.pop_front();
    job.state_ = BlockJob::State::kTaken;
    lock.unlock();
    prepare(job, scratch);
    lock.lock();
    job.state_ = BlockJob::State::kReady;
    ready_.notify_all();
  }
}

void EncodePool::prepare(BlockJob& job, BlockScratch& scratch) const {
  job.bytes = job.points ? job.points->prepare(job.header, compression_, scratch)
                         : lone_block_bytes(job.lone);
}

}  // namespace zbag
