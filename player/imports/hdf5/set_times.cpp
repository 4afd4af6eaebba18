#include "player/imports/hdf5/set_times.hpp"

#include <algorithm>

namespace zbag::hdf5::reading {
namespace {

// Where somebody may have named it by: "/a/b/t".
bool is_at(const StoredSet& set, std::string_view wanted) {
  if (wanted.starts_with('/')) wanted.remove_prefix(1);
  return !set.member && set.path == wanted;
}

}  // namespace

bool SetTimes::has(const std::string& path, const std::string& name) const {
  const auto is_one = [&](const StoredSet& set) { return set.path == path && set.name == name; };
  return is_one(time.set) || (time.rest_set && is_one(*time.rest_set));
}

std::optional<SetTimes> times_among(const std::vector<StoredSet>& sets, const std::string& wanted) {
  std::vector<std::string> names;
  std::vector<const StoredSet*> could_be;
  for (const StoredSet& set : sets) {
    if (!length_of(set) || !(set.type.is_number() || set.type.is_text())) continue;
    names.push_back(set.name);
    could_be.push_back(&set);
  }
  const auto named =
      std::ranges::find_if(could_be, [&](const StoredSet* set) { return is_at(*set, wanted); });
  const Result<TimeColumns> columns =
      find_time_columns(names, named == could_be.end() ? wanted : (*named)->name, {});
  if (!columns) return std::nullopt;
  const StoredSet& set = *could_be[columns->column];
  const std::size_t rows = *length_of(set);
  SetTimes found{.time = {.set = set, .unit = columns->unit ? columns->unit : set.unit},
                 .rows = rows};
  // Dimensions of 1 around it are no lists.
  found.time.shape.time_axis = rows_of(set, rows)->time_axis;
  if (!columns->nanos) return found;
  const StoredSet& rest = *could_be[*columns->nanos];
  if (length_of(rest) != rows) return found;
  found.time.rest = TimePlan::Rest::kNanos;
  found.time.rest_set = rest;
  found.time.rest_shape.time_axis = rows_of(rest, rows)->time_axis;
  return found;
}

}  // namespace zbag::hdf5::reading
