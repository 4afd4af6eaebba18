// Holds the entries of `order` against the points they speak of: that every index leads to one
// point, and every point has one (FORMAT.md, Index).
//
// Checksums say only that nobody has changed an entry by mistake; who makes a bag may write what is
// not so, and then readers by index find nothing, or one point twice. Memory: 16 bytes a run of
// indices of one track. Not thread-safe; lives within its transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recorder/bag/pages/lmdb.hpp"
#include "recorder/bag/records/layout.hpp"
#include "schemas/result.hpp"

namespace zbag {

class OrderAudit {
 public:
  OrderAudit(const Txn& txn, Table order) : txn_(txn), order_(order) {}

  // What is wrong with the entry of a late point that a block holds; nullopt: nothing.
  std::optional<std::string> look_up(std::uint32_t track, std::uint64_t index,
                                     std::int64_t key) const;

  // What is wrong with the entries of a track, whose record counts what it has; nullopt: nothing.
  // REQUIRES: the record is of the same state of the bag.
  Result<std::optional<std::string>> walk(const TrackRecord& track);
  std::uint64_t walked() const { return walked_; }  // entries

 private:
  struct Walk;

  const Txn& txn_;
  const Table order_;
  std::uint64_t walked_ = 0;
};

}  // namespace zbag
