// The runs of a file, each a group with what is known of it, and which of them a point is of.
//
//   RunGroups runs = RunGroups::create(root, records_of(source)).value();
//   runs.group(runs.at(key));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "player/exports/export_records.hpp"
#include "player/exports/hdf5/hdf5_file.hpp"

namespace zbag::hdf5 {

class RunGroups {
 public:
  // A group for each run of `records`, in `root`; of bags that know none one that is called `run`.
  static Result<RunGroups> create(Group& root, const ExportRecords& records);

  // The last run that had begun by then, or else the first: a recording that was imported is older
  // than the run that did it.
  std::size_t at(std::int64_t key) const;
  // Where tracks of that run go. Should bags know episodes one day, a group for each belongs
  // between: this would give the episode's.
  Group& group(std::size_t run) { return groups_[run]; }
  // As keys of losses have it.
  std::int64_t start_ns(std::size_t run) const { return starts_[run]; }

 private:
  std::vector<std::int64_t> starts_;
  std::vector<Group> groups_;
};

}  // namespace zbag::hdf5
