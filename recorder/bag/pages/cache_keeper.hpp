// Looks after a growing file's pages in the kernel's cache, on a thread of its own.
//
// While a commit copies, it starts the disk: LMDB writes the pages of a transaction one after
// another and then waits for all of them; between begin() and end() the kernel is asked again and
// again to start writing what has become dirty, so that copying and writing overlap. It changes
// nothing about what is durable when: the commit still waits for everything.
//
// What is on disk need not stay in memory: let_go() says so to the kernel. A long recording then
// takes no memory from the rest of the robot, and the same few warm pages carry all of it.
//
// All of it are wishes; nothing depends on their being granted. Nothing here blocks but the
// destructor. Thread-safe.
#pragma once

#include <cstdint>
#include <thread>

#include "schemas/mutex.hpp"

namespace zbag {

class CacheKeeper {
 public:
  // The file is lent and must stay open. What lies before `begin` is left as it is.
  CacheKeeper(int fd, std::uint64_t begin);
  ~CacheKeeper();  // lets go first of what it was told to
  CacheKeeper(const CacheKeeper&) = delete;
  CacheKeeper& operator=(const CacheKeeper&) = delete;

  void begin();
  void end();
  void let_go(std::uint64_t to);  // of everything before this byte

 private:
  void run();

  const int fd_;
  Mutex mutex_;
  Condition changed_;
  bool is_copying_ ZBAG_GUARDED_BY(mutex_) = false;
  std::uint64_t gone_to_ ZBAG_GUARDED_BY(mutex_) = 0;
  std::uint64_t let_go_to_ ZBAG_GUARDED_BY(mutex_) = 0;
  bool stops_ ZBAG_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace zbag
