// A bag's journal as readers meet it: what its records come to, as entries of the tables `tracks`,
// `blocks` and `losses` that a transaction reads in front of what stands there (FORMAT.md, The
// journal). So nobody but this and the writer knows that there is one.
//
// The points of a track that have no block yet come as one block without compression. A damaged
// record is left out, and what that costs is told by Overlay::damage(): points behind a gap keep
// their ordinals.
//
// Decoded records are kept from one transaction to the next: who follows a recording decodes what
// is new. Thread-safe. Memory: of the records kJournalBytesMax at most, and of their points once
// more.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "recorder/bag/journal/journal_record.hpp"
#include "recorder/bag/pages/bag_tables.hpp"
#include "recorder/bag/pages/overlay.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

// Of all records in memory, far more than a writer's (8 MiB before compression, and a record): a
// journal that says it has more is damaged.
inline constexpr std::size_t kJournalBytesMax = 256u << 20;

class JournalLayer {
 public:
  // What is to be laid over the tables in `txn`, which has nothing laid over yet; null: the journal
  // is empty.
  Result<std::shared_ptr<const Overlay>> over(const Txn& txn, const BagTables& tables);

 private:
  struct Known {
    std::string sum;  // of the record it was decoded from
    JournalRecord record;
  };
  Status take_records(const Txn& txn, Table journal, Overlay& overlay) ZBAG_REQUIRES(mutex_);

  Mutex mutex_;
  std::map<std::uint64_t, Known> records_ ZBAG_GUARDED_BY(mutex_);
  std::shared_ptr<const Overlay> overlay_ ZBAG_GUARDED_BY(mutex_);
  std::uint64_t txn_id_ ZBAG_GUARDED_BY(mutex_) = 0;  // whose overlay it is
};

}  // namespace zbag
