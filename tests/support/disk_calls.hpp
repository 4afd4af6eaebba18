// The calls this program makes to its disk, for a test that logs them or makes them fail.
//
// disk_calls.cpp defines write, pwrite, writev, pwritev, ftruncate, fallocate, fsync, fdatasync,
// link and rename for the whole program, LMDB's shared library included: listed among a test's
// sources it needs no LD_PRELOAD, and works under sanitizers. Without a watcher every call goes
// straight to the kernel. Only regular files and folders are watched. What a program writes through
// a map is not seen: a bag that began to would fail the tests that rebuild it from these calls.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace zbag {

using DiskFile = std::pair<dev_t, ino_t>;
DiskFile disk_file(const std::string& path);  // {0, 0}: there is none

struct DiskCall {
  enum class Kind : std::uint8_t {
    kWrite,
    kResize,  // to `offset` bytes
    kSync,    // of a file: data and length; of a folder: its names
    kName,    // the file is now called `data` too, in `folder`
    kMark     // nothing of the disk: the test's own note
  };
  Kind kind = Kind::kMark;
  DiskFile file;
  DiskFile folder;
  std::uint64_t offset = 0;
  std::string data;
  bool syncs_itself = false;  // written through a descriptor with O_DSYNC or O_SYNC
  std::uint64_t mark = 0;
  std::int64_t at_ns = 0;  // when it returned, by the steady clock
};

// Sees every call from its construction to its end; one at a time. Called under a lock of its own,
// from any thread, so that calls are seen in the order in which they took effect.
class DiskWatcher {
 public:
  DiskWatcher();
  virtual ~DiskWatcher();
  DiskWatcher(const DiskWatcher&) = delete;
  DiskWatcher& operator=(const DiskWatcher&) = delete;

  // 0 lets the call happen, with what is left of `data` then; an errno makes it fail with it,
  // nothing done.
  virtual int before(DiskCall&) { return 0; }
  virtual void after(DiskCall) {}
};

// Keeps every call that went well.
class DiskLog : public DiskWatcher {
 public:
  void after(DiskCall call) override { calls_.push_back(std::move(call)); }
  // Notes that the test has come to `mark`. Thread-safe, as the calls of the disk are.
  void mark(std::uint64_t mark);
  // REQUIRES: nothing writes any more.
  const std::vector<DiskCall>& calls() const { return calls_; }

 private:
  std::vector<DiskCall> calls_;
};

}  // namespace zbag
