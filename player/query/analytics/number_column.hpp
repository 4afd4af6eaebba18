// A field of a track as doubles and as groups, however it is stored.
//
// Numbers are integers (nearest double), floats, and bools as 0 and 1. Of a list one element may be
// asked for. What is no number becomes NaN and is counted by what it was instead. Takes chunks of
// bags of strangers. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "player/query/analytics/top_values.hpp"
#include "recorder/bag/read/column_reader.hpp"

namespace zbag {

struct ValueField {
  std::string text;  // as it was asked for
  FieldNames names;
  std::optional<std::size_t> element;  // of a list

  // "pose.position.x", "position[2]"; what is one of `known`, the track's own fields, or one of
  // `leaves` as its column is called (see RowColumns), is that field as it stands.
  static ValueField parse(std::string_view text, const std::set<std::string>& known,
                          const std::vector<FieldNames>& leaves = {});
};

// Points that gave no number, by why.
struct Skipped {
  std::uint64_t absent = 0;  // the field, or the element, is not there
  std::uint64_t nil = 0;
  std::uint64_t not_numbers = 0;
  std::uint64_t nan = 0;
  std::uint64_t infinite = 0;

  std::uint64_t total() const { return absent + nil + not_numbers + nan + infinite; }
  void add(const Skipped& more) {
    absent += more.absent;
    nil += more.nil;
    not_numbers += more.not_numbers;
    nan += more.nan;
    infinite += more.infinite;
  }
};

// Appends a number for every point of `column`, and counts in `skipped` what is none.
void append_numbers(const FieldColumn& column, std::optional<std::size_t> element,
                    std::vector<double>& numbers, Skipped& skipped);

// Appends a group for every point of `column`: bools, integers and texts are some; nullopt: others.
void append_groups(const FieldColumn& column, std::vector<std::optional<Group>>& groups);

}  // namespace zbag
