// Removes the bags that leave a ring, on a thread of its own and in steps.
//
// A file system takes its time over a large file, and who records at the same time has no time for
// it: ext4 mounted with `discard` stood still for half a second over 4 GB (measured), and slowed
// the disk for everybody. So the name goes at once, and what the file holds in steps with pauses,
// which take an eighth of the time; but for readers who have the bag open: they keep it as long as
// they want, and it goes with them.
//
// One set of bags is under way at most: remove() waits for the one before, so a ring never lags
// behind by more. Who waits is not kept waiting by pauses.
//
// remove(), wait() belong to one thread; hurry() is for any.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "recorder/bag_series.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

class BagRemover {
 public:
  // Both are called on the remover's thread: with a bag that is gone, with why one is not. A bag
  // that was not there is passed over.
  using Removed = std::function<void(const BagSeries::Part& part)>;
  using Warn = std::function<void(const std::string& text)>;
  BagRemover(Removed removed, Warn warn);
  ~BagRemover();  // waits
  BagRemover(const BagRemover&) = delete;
  BagRemover& operator=(const BagRemover&) = delete;

  void remove(std::vector<BagSeries::Part> parts);
  void wait();  // until all that was given is gone
  // Leaves out the pauses of what is under way. False when nothing is; otherwise the disk is about
  // to have more room.
  bool hurry();

 private:
  void run();
  void remove_one(const BagSeries::Part& part);
  void shrink(int fd, std::uint64_t bytes);

  const Removed removed_;
  const Warn warn_;
  Mutex mutex_;
  Condition changed_;
  std::vector<BagSeries::Part> parts_ ZBAG_GUARDED_BY(mutex_);  // that are being removed
  bool is_hurried_ ZBAG_GUARDED_BY(mutex_) = false;
  bool stops_ ZBAG_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace zbag
