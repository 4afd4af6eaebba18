// A track as a table: `_ts` (DOUBLE, seconds), `_ts_ns` (BIGINT), of several bags `bag`, and a
// column for each of its fields, nested ones by their dotted names.
//
// Rows come in order of time, those of one bag after those of the other; read by several threads,
// in no order. Only fields that are asked for are decompressed. Damaged blocks are left out and
// told. A type a field has nowhere when the table is made is an error where it is met.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "player/query/read_watch.hpp"
#include "player/query/sql_table.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/track_fields.hpp"
#include "schemas/mutex.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

struct NamedBag {
  std::string name;
  BagReader reader;
};

// What read_track_fields() says of tracks, kept for bags that nobody writes to: one statement makes
// its tables two or three times. Thread-safe.
class FieldsShelf {
 public:
  Result<std::vector<TrackField>> fields_of(const NamedBag& bag, const std::string& track,
                                            TimeRange range);

 private:
  using Key = std::tuple<std::string, std::string, std::int64_t, std::int64_t>;
  Mutex mutex_;
  std::map<Key, std::vector<TrackField>> kept_ ZBAG_GUARDED_BY(mutex_);
};

struct BagTableChoice {
  std::vector<NamedBag> bags;
  std::string track;
  TimeRange range = TimeRange::all();
  // Told, in one line each, of fields that have other names in SQL. May be empty.
  std::function<void(const std::string&)> note;
};

// `shelf` and `watch` are lent to the table. kNotFound: no bag has the track. kUnsupported: too
// many fields.
Result<std::unique_ptr<SqlTable>> make_bag_table(BagTableChoice choice, FieldsShelf& shelf,
                                                 ReadWatch& watch);

}  // namespace zbag
