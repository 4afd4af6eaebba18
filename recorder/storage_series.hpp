// The storages of one recording, one after another: the one that is written now, when the next one
// begins, and the oldest that leave a ring.
//
// The present storage is whole by itself and gets all that came before the next one begins. Where
// no next one can be made it is written on, with a warning; what is due by the rules is tried again
// a minute later. What leaves a ring is removed on a thread of its own (bag_remover.hpp), once the
// next one has begun; before that only where the disk has no room for it.
//
// current(), is_due(), split(), split_when_due(), is_lost(), rescue() and close() belong to the
// thread that writes; the rest is thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "recorder/bag_remover.hpp"
#include "recorder/bag_series.hpp"
#include "recorder/storage/storage.hpp"
#include "recorder/totals.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

// What the end of a recording makes of its last storage.
enum class Ending {
  kWhole,        // its run is closed
  kInterrupted,  // it is not all that was to come: its run stays open, as after a kill
  kNothing,      // it is removed, where its name still leads to it
};

class StorageSeries {
 public:
  using Warn = std::function<void(const std::string& text)>;
  // What the series asks of the recording around it, when a new storage begins.
  using LossesSoFar = std::function<LossesBefore()>;
  struct Options {
    OpenStorage open;
    StorageOptions storage;  // of every one of them
    SplitRules rules;
    Warn warn;  // called from any thread
    LossesSoFar losses;
  };
  // `first` was opened at `path` by `options.open`.
  StorageSeries(const std::string& path, std::unique_ptr<Storage> first, Options options);

  Storage& current() { return *storage_; }
  // Whether what comes next belongs into a new storage, when so much more would be in this one.
  bool is_due(std::uint64_t bytes_more) const;
  // Begins the next storage when that is due. REQUIRES: nothing is under way or unwritten.
  void split_when_due(std::uint64_t bytes_more);
  // Begins it now. kNotFound: the present one has no points yet. REQUIRES: as before.
  Status split();
  // Whether somebody has removed the present one, or put something else in its place. Looks twice a
  // second at most.
  bool is_lost();
  // Goes on in a copy of it, `NAME.rescued.zbag` beside it or in the nearest folder that exists,
  // and says so. On an error it is written on as it is, and this is tried again in ten seconds.
  // REQUIRES: nothing is under way.
  Status rescue();
  // Ends the present one, which is rescued where it must be, and waits until what leaves the ring
  // is gone.
  Status close(Ending ending);

  void note_points(std::uint64_t points);
  // While old storages go, the disk has more left than it says. True: they go now, without pauses.
  bool hurry_removal() { return remover_.hurry(); }

  std::string path() const;                // of the present one
  std::vector<std::string> paths() const;  // of all that are kept, that one last
  // Adds what is known of them.
  void add_to(RecordingTotals& totals) const;

 private:
  Result<std::unique_ptr<Storage>> open_next(const std::string& path,
                                             const StorageOptions& options);
  void remove_oldest(std::size_t more);
  void note_removed(const BagSeries::Part& part);
  void note_rescued(const std::string& rescued, const char* more);
  Status not_rescued(const Error& why);

  const Options options_;
  std::unique_ptr<Storage> storage_;
  std::chrono::steady_clock::time_point looked_{};  // whether it is still in place

  mutable Mutex mutex_;
  BagSeries names_ ZBAG_GUARDED_BY(mutex_);
  std::uint64_t begun_ ZBAG_GUARDED_BY(mutex_) = 1;
  std::uint64_t rescued_ ZBAG_GUARDED_BY(mutex_) = 0;
  std::uint64_t removed_ ZBAG_GUARDED_BY(mutex_) = 0;
  std::uint64_t removed_points_ ZBAG_GUARDED_BY(mutex_) = 0;

  BagRemover remover_;  // last: its thread notes what it removed
};

}  // namespace zbag
