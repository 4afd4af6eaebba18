// What is to be read of a file: tracks, their times and fields, decided before the first row is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "player/imports/hdf5/stored_set.hpp"
#include "schemas/frame.hpp"

namespace zbag::hdf5::reading {

// Of a track. Of each the library keeps some kilobytes.
inline constexpr std::size_t kColumnsMax = 8'192;

// A set of which a row is a value.
struct ColumnPlan {
  enum class As : std::uint8_t {
    kValue,  // as it is stored
    kBytes,  // all its numbers, as bin
    kText,   // the bytes of a text
    kJson,   // a text of JSON
  };

  StoredSet set;
  RowShape shape = {};
  As as = As::kValue;
  std::optional<StoredSet> valid = {};  // bools: which rows have a value
};

struct FieldPlan {
  std::vector<std::string> path;         // the names of the maps around it, and its own
  std::vector<ColumnPlan> columns = {};  // one, but of a list that is apart, one for an element
  bool is_apart = false;
  std::string constant = {};  // without columns: what all rows have, as MessagePack
};

struct TimePlan {
  // What is beside it.
  enum class Rest : std::uint8_t {
    kNone,
    kNanos,  // behind whole seconds
    kKey,    // all of it, as zbag has it, in whole nanoseconds
  };

  StoredSet set = {};
  RowShape shape = {};
  std::optional<TimeUnit> unit = {};  // none: it is found out
  Rest rest = Rest::kNone;
  std::optional<StoredSet> rest_set = {};
  RowShape rest_shape = {};
};

struct TrackPlan {
  std::string track;
  std::string object;  // the group, or the set, that it is
  std::size_t rows = 0;
  TimePlan time;
  std::vector<FieldPlan> fields = {};
  std::string kind = {};    // empty: of none
  std::string schema = {};  // all that is to be known of the kind, as MessagePack; empty: nothing
};

struct FilePlan {
  std::vector<TrackPlan> tracks = {};
  std::vector<std::string> passed = {};      // lines that say what is passed over
  std::vector<std::string> remarks = {};     // and what is of what is said about it
  std::vector<std::string> unreadable = {};  // and what can not be read
  Fields about = {};                         // what is said of it all, kept with the run
};

}  // namespace zbag::hdf5::reading
