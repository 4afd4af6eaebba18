#include "player/exports/hdf5/run_groups.hpp"

#include <algorithm>
#include <iterator>

namespace zbag::hdf5 {
namespace {

Status describe(Group& group, const ExportRun& run) {
  const RunRecord& record = run.record;
  if (Status said = group.set("run_id", run.id); !said) return said;
  if (Status said = group.set("start", record.start); !said) return said;
  if (record.end) {
    if (Status said = group.set("end", *record.end); !said) return said;
  }
  const std::vector<std::pair<const char*, std::string>> texts = {
      {"host", record.host},
      {"version", record.version},
      {"status", record.closed ? "closed" : "open"},
      {"configuration", json_of(record.config)},
      {"metadata", json_of(record.metadata)}};
  for (const auto& [name, text] : texts) {
    if (Status said = group.set(name, text); !said) return said;
  }
  return {};
}

}  // namespace

Result<RunGroups> RunGroups::create(Group& root, const ExportRecords& records) {
  RunGroups runs;
  for (const ExportRun& run : records.runs) {
    Result<Group> group = root.child(run.id);
    if (!group) return tl::unexpected(group.error());
    if (Status described = describe(*group, run); !described)
      return tl::unexpected(described.error());
    runs.starts_.push_back(run.record.start_ns());
    runs.groups_.push_back(std::move(*group));
  }
  if (!runs.groups_.empty()) return runs;
  Result<Group> group = root.child("run");
  if (!group) return tl::unexpected(group.error());
  runs.starts_.push_back(0);
  runs.groups_.push_back(std::move(*group));
  return runs;
}

std::size_t RunGroups::at(std::int64_t key) const {
  const auto behind = std::upper_bound(starts_.begin(), starts_.end(), key);
  return behind == starts_.begin()
             ? 0
             : static_cast<std::size_t>(std::distance(starts_.begin(), behind)) - 1;
}

}  // namespace zbag::hdf5
