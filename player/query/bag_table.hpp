// A track as a table: `_ts` (DOUBLE, seconds), `_ts_ns` (BIGINT), of several bags `bag`, and a
// column for each of its fields, nested ones by their dotted names.
//
// Rows come in order of time, those of one bag after those of the other; read by several threads,
// in no order. Only fields that are asked for are decompressed. Damaged blocks are left out and
// told. A type a field has nowhere when the table is made is an error where it is met. Whole
// numbers are BIGINT, above 2^63 - 1 UBIGINT or, with negative ones, DECIMAL(20, 0); beside
// fractions they are DOUBLE, or JSON where a double would round one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "player/query/read_watch.hpp"
#include "player/query/sql_table.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/field_values.hpp"
#include "recorder/bag/read/track_fields.hpp"
#include "schemas/mutex.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

struct NamedBag {
  std::string name;
  BagReader reader;
};

// What is known of the fields of tracks, kept for bags that nobody writes to: one statement makes
// its tables two or three times. Thread-safe.
class FieldsShelf {
 public:
  struct Field {
    TrackField field;
    FieldValues values;
  };
  // Of all of the track, whatever part of it is asked for: its columns are always the same.
  Result<std::vector<Field>> fields_of(const NamedBag& bag, const std::string& track);

 private:
  using Key = std::pair<std::string, std::string>;
  Mutex mutex_;
  std::map<Key, std::vector<Field>> kept_ ZBAG_GUARDED_BY(mutex_);
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
