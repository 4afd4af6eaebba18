// Stores prepared batches on a thread of its own, in order: one in hand, one waiting.
//
// While it waits for the disk, the next batch is formed. When a batch can not be stored, that one
// and all behind it are kept; drain() gives them back.
//
// submit(), drain() belong to the thread that prepares. submit() blocks while one waits already,
// drain() until nothing is under way.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "recorder/merge_buffer.hpp"
#include "recorder/storage/storage.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

class StoreThread {
 public:
  // Called on the store thread with what has just become durable.
  using Stored = std::function<void(HeldBatch held, const WriteReport& report)>;
  explicit StoreThread(Stored stored);
  ~StoreThread();  // after a drain()
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  // `storage` prepared the batch and must live until it is stored.
  void submit(Storage& storage, HeldBatch held, std::unique_ptr<Storage::Prepared> prepared);
  bool has_failed() const;

  struct Failed {
    Error error;
    std::vector<HeldBatch> batches;  // oldest first
  };
  std::optional<Failed> drain();

 private:
  struct Job {
    Storage* storage;
    HeldBatch held;
    std::unique_ptr<Storage::Prepared> prepared;
  };
  void run();
  void store(Job job);

  const Stored stored_;
  mutable Mutex mutex_;
  Condition work_;
  Condition progress_;
  std::optional<Job> waiting_ ZBAG_GUARDED_BY(mutex_);
  bool is_busy_ ZBAG_GUARDED_BY(mutex_) = false;
  bool stops_ ZBAG_GUARDED_BY(mutex_) = false;
  std::optional<Failed> failed_ ZBAG_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace zbag
