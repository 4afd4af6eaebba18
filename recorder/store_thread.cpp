#include "recorder/store_thread.hpp"

#include <utility>

namespace zbag {

StoreThread::StoreThread(Stored stored) : stored_(std::move(stored)) {
  thread_ = std::thread([this] { run(); });
}

StoreThread::~StoreThread() {
  {
    const MutexLock lock(mutex_);
    stops_ = true;
  }
  work_.notify_all();
  thread_.join();
}

void StoreThread::submit(Storage& storage, HeldBatch held,
                         std::unique_ptr<Storage::Prepared> prepared) {
  {
    MutexLock lock(mutex_);
    progress_.wait(lock, [&]() ZBAG_REQUIRES(mutex_) { return !waiting_; });
    waiting_ = Job{&storage, std::move(held), std::move(prepared)};
  }
  work_.notify_all();
}

bool StoreThread::has_failed() const {
  const MutexLock lock(mutex_);
  return failed_.has_value();
}

std::optional<StoreThread::Failed> StoreThread::drain() {
  MutexLock lock(mutex_);
  progress_.wait(lock, [&]() ZBAG_REQUIRES(mutex_) { return !waiting_ && !is_busy_; });
  return std::exchange(failed_, std::nullopt);
}

void StoreThread::run() {
  MutexLock lock(mutex_);
  while (true) {
    work_.wait(lock, [&]() ZBAG_REQUIRES(mutex_) { return stops_ || waiting_; });
    if (!waiting_) return;
    Job job = std::move(*waiting_);
    waiting_.reset();
    is_busy_ = true;
    lock.unlock();
    progress_.notify_all();
    store(std::move(job));
    lock.lock();
    is_busy_ = false;
    progress_.notify_all();
  }
}

void StoreThread::store(Job job) {
  if (has_failed()) {
    // What came first is written first: this one waits behind the one that failed.
    job.storage->drop(std::move(job.prepared));
    const MutexLock lock(mutex_);
    failed_->batches.push_back(std::move(job.held));
    return;
  }
  job.held.began = MergeBuffer::SteadyTime::clock::now();
  const Result<WriteReport> report = job.storage->store(job.held.batch, std::move(job.prepared));
  if (report) {
    stored_(std::move(job.held), *report);
    return;
  }
  const MutexLock lock(mutex_);
  failed_.emplace();
  failed_->error = report.error();
  failed_->batches.push_back(std::move(job.held));
}

}  // namespace zbag
