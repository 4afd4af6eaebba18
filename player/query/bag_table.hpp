// A track as a table: `_ts` (DOUBLE, seconds), `_ts_ns` (BIGINT), of several bags `bag`, and a
// column for each of its fields, nested ones by their dotted names.
//
// Rows come in order of time, those of one bag after those of the other; read by several threads,
// in no order. Only fields that are asked for are decompressed. Damaged blocks are left out and
// told. A type a field has nowhere when the table is made is an error where it is met.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "player/query/read_watch.hpp"
#include "player/query/sql_table.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

struct NamedBag {
  std::string name;
  BagReader reader;
};

struct BagTableChoice {
  std::vector<NamedBag> bags;
  std::string track;
  TimeRange range = TimeRange::all();
  // Told, in one line each, of fields that have other names in SQL. May be empty.
  std::function<void(const std::string&)> note;
};

// `watch` is lent to the table. kNotFound: no bag has the track. kUnsupported: too many fields.
Result<std::unique_ptr<SqlTable>> make_bag_table(BagTableChoice choice, ReadWatch& watch);

}  // namespace zbag
