// Which of some data sets says when the rows of the others were.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "player/imports/hdf5/stored_set.hpp"
#include "player/imports/hdf5/track_plan.hpp"

namespace zbag::hdf5::reading {

struct SetTimes {
  TimePlan time;
  std::size_t rows = 0;

  bool has(const std::string& path, const std::string& name) const;
};

// `wanted`: the name of a set, or where it is; empty: it is found by its name. nullopt: none is of
// numbers, or texts, of one dimension and called so.
std::optional<SetTimes> times_among(const std::vector<StoredSet>& sets, const std::string& wanted);

}  // namespace zbag::hdf5::reading
