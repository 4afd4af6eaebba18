#include "recorder/bag/upkeep/merge.hpp"

#include <algorithm>

#include "recorder/bag/upkeep/kept_schemas.hpp"

namespace zbag {

Result<MergeReport> merge_bags(Playlist& bags, const std::string& out, const MergeOptions& options,
                               const Progress& progress, const Warn& warn) {
  BagReader::Selection selection = options.choice.selection;
  // Bags that are being recorded end where they ended when this began.
  if (const auto extent = bags.extent())
    selection.range.last = std::min(selection.range.last, extent->last);
  if (Status status = bags.select(selection); !status) return tl::unexpected(status.error());
  const Result<CompressionSpec> compression = usual_compression(*bags.readers().front().file());
  if (!compression) return tl::unexpected(compression.error());
  Result<BagCopy> copy = BagCopy::create(out, {.compression = *compression,
                                               .merge = options.rules,
                                               .columns = options.choice.columns,
                                               .node = "merge"});
  if (!copy) return tl::unexpected(copy.error());
  Result<std::uint64_t> left_out =
      add_points(bags, *copy, options.choice.points_max, bags.points(), progress, warn);
  if (!left_out) return tl::unexpected(left_out.error());
  bags.release();
  std::vector<BagSummary> records;
  for (const BagSummary& summary : bags.summaries()) {
    *left_out += tell_left_out(summary.other_damage, warn);
    records.push_back(cut_records(summary, options.choice));
  }
  BagSummary joined = joined_records(records);
  const Result<std::uint64_t> lost =
      keep_schemas(bags.readers(), bags.summaries(), options.choice, joined, *copy, warn);
  if (!lost) return tl::unexpected(lost.error());
  *left_out += *lost;
  Status status = copy->finish(joined);
  if (status) status = copy->publish();
  if (!status) return tl::unexpected(status.error());
  const BagCopy::Counts counts = copy->counts();
  return MergeReport{counts.points,     counts.kept_apart,  counts.merged,
                     counts.duplicates, counts.overwritten, *left_out};
}

}  // namespace zbag
