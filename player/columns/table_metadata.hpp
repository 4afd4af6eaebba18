// What the tracks of a bag are as tables: columns with their types, and how many rows.
//
//   Result<TableMetadata> tables = TableMetadata::discover(reader);
//   tables->columns("robot/imu");   // as they were then
//   tables->refresh("robot/imu");   // as they are now
//
// Found out once, when the bag is opened, and again only where refresh() asks for it: nothing here
// gets old by itself, no thread looks, no insert makes it forget (requirements S4.7). Not
// thread-safe. Lends the reader.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/track_fields.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct TableStats {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  // of the frames' fields as MessagePack

  bool operator==(const TableStats&) const = default;
};

class TableMetadata {
 public:
  struct Table {
    std::vector<TrackField> columns;
    TableStats stats;
  };
  struct CacheStats {
    std::size_t tables = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };

  // Of every track. kDamaged: a track's record can not be read; others as BagReader.
  static Result<TableMetadata> discover(const BagReader& reader);

  // nullptr: not known, since the track was not there, or was made to be forgotten.
  const std::vector<TrackField>* columns(const std::string& track);
  std::optional<TableStats> stats(const std::string& track);
  std::vector<std::string> tables() const;

  // Finds out again: of one track, or of all. kNotFound: there is no such track (any more), and it
  // is forgotten.
  Status refresh(const std::string& track);
  Status refresh();
  // Says what somebody has found out otherwise.
  void update(const std::string& track, Table table);
  // Forgets: one track, whether it was known; all, how many were.
  bool invalidate(const std::string& track) { return tables_.erase(track) > 0; }
  std::size_t clear();

  CacheStats cache_stats() const { return {tables_.size(), hits_, misses_}; }

 private:
  explicit TableMetadata(const BagReader& reader) : reader_(&reader) {}
  const Table* find(const std::string& track);
  Result<Table> read(const TrackRecord& record) const;

  const BagReader* reader_;
  std::map<std::string, Table> tables_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

}  // namespace zbag
