// What the journal adds to one track: its record, and its points that have no block yet as blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/bag/block/block_encoder.hpp"
#include "recorder/bag/journal/journal_record.hpp"
#include "recorder/bag/records/layout.hpp"

namespace zbag {

// Takes a track's sections in the order they were written. Rows are lent until finish().
class TrackReplay {
 public:
  // As the table has it.
  explicit TrackReplay(TrackRecord record);

  // `number`: of the journal's record it is in.
  void take(std::uint64_t number, const JournalRecord::Section& section);

  using PutBlock = std::function<void(const BlockKey& key, std::span<const std::uint8_t> block)>;
  // Gives the blocks, in order of key, and then the record as it stands with them. To be called
  // once.
  TrackRecord finish(const PutBlock& put_block);

  // Rows that a record has had which is not there any more, or that can not be the track's;
  // nullptr: none.
  const char* fault() const { return fault_; }

 private:
  bool take_row(const RowPoint& row, std::uint64_t ordinal);
  void grow(const JournalRecord::Section& section);
  void put_gathered();

  TrackRecord record_;
  std::uint64_t next_;               // the ordinal of the next row
  std::optional<std::int64_t> end_;  // the key of the last one
  BlockEncoder rows_;
  std::uint64_t rows_from_ = 0;  // the ordinal of the first of them
  std::vector<std::pair<BlockKey, std::string>> blocks_;
  std::uint64_t last_number_ = 0;
  const char* fault_ = nullptr;
};

}  // namespace zbag
