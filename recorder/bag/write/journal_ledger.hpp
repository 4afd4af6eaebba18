// Which records of the journal there are, and which of them tracks need still: those that have rows
// of theirs without a block, or counters that their own records do not have.
//
// Records are numbered in the order of commits, one number a commit, and go oldest first. Not
// thread-safe. Cost: logarithmic in the tracks that need some.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace zbag {

class JournalLedger {
 public:
  // `next`: the number of the commit that is formed.
  void begin(std::uint64_t next) {
    *this = JournalLedger();
    next_ = next;
  }
  std::uint64_t next() const { return next_; }

  // The track needs what this commit writes, and what has come since the record it needs already.
  void need(std::uint32_t track);
  void release(std::uint32_t track);
  bool is_needed_by(std::uint32_t track) const { return needs_.contains(track); }
  // One of those that need the oldest record; nullopt: none needs any.
  std::optional<std::uint32_t> neediest() const;

  // The commit is formed; `bytes`: of its record, 0: it has none.
  void end_commit(std::size_t bytes);

  std::size_t bytes() const { return bytes_; }  // of all records
  // Takes out the oldest records that nobody needs, `max` at most.
  std::vector<std::uint64_t> take_unneeded(std::size_t max);

 private:
  std::uint64_t next_ = 1;
  std::deque<std::pair<std::uint64_t, std::size_t>> records_;  // numbers and bytes, ascending
  std::size_t bytes_ = 0;
  std::unordered_map<std::uint32_t, std::uint64_t> needs_;       // by track: the first record
  std::set<std::pair<std::uint64_t, std::uint32_t>> by_record_;  // the same
};

}  // namespace zbag
