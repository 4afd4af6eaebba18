// Starts the disk while a commit still copies.
//
// LMDB writes the pages of a transaction one after another and then waits for all of them. While
// begin() holds, a thread asks the kernel again and again to start writing what has become dirty,
// so that copying and writing overlap. It changes nothing about what is durable when: the commit
// still waits for everything.
//
// begin() and end() do not block.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace zbag {

class EarlyWriteback {
 public:
  explicit EarlyWriteback(int fd);  // lent; must stay open
  ~EarlyWriteback();
  EarlyWriteback(const EarlyWriteback&) = delete;
  EarlyWriteback& operator=(const EarlyWriteback&) = delete;

  void begin(std::uint64_t from);  // what is dirty behind this byte
  void end();

 private:
  void run();

  const int fd_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::uint64_t from_ = 0;
  bool is_active_ = false;
  bool stops_ = false;

  std::thread thread_;
};

}  // namespace zbag
