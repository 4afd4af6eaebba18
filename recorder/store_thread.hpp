// Stores prepared batches on a thread of its own, in order: one in hand, one waiting.
//
// While it waits for the disk, the next batch is formed. When a batch can not be stored, that one
// and all behind it are kept; drain() gives them back.
//
// submit(), drain() belong to the thread that prepares. submit() blocks while one waits already,
// drain() until nothing is under way.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "recorder/bag/write/bag_writer.hpp"
#include "recorder/merge_buffer.hpp"

namespace zbag {

class StoreThread {
 public:
  // Called on the store thread with what has just become durable.
  using Stored = std::function<void(HeldBatch held, const WriteReport& report)>;
  explicit StoreThread(Stored stored);
  ~StoreThread();  // after a drain()
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  // `writer` prepared the batch and must live until it is stored.
  void submit(BagWriter& writer, HeldBatch held, PreparedBatch prepared);
  bool has_failed() const;

  struct Failed {
    Error error;
    std::vector<HeldBatch> batches;  // oldest first
  };
  std::optional<Failed> drain();

 private:
  struct Job {
    BagWriter* writer;
    HeldBatch held;
    PreparedBatch prepared;
  };
  void run();
  void store(Job job);

  const Stored stored_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable work_;
  std::condition_variable progress_;
  std::optional<Job> waiting_;
  bool is_busy_ = false;
  bool stops_ = false;
  std::optional<Failed> failed_;

  std::thread thread_;
};

}  // namespace zbag
