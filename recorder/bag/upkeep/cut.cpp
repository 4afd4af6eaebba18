#include "recorder/bag/upkeep/cut.hpp"

#include <algorithm>

#include "recorder/bag/upkeep/kept_schemas.hpp"
#include "schemas/kinds/original_schema.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {
namespace {

// The last point before the range of every chosen track. Returns how many blocks were left out.
Result<std::uint64_t> add_states(const BagReader& reader, const BagSummary& records,
                                 const TimeRange& range, BagCopy& copy, const Warn& warn) {
  std::uint64_t left_out = 0;
  if (range.first == TimeRange::all().first) return left_out;
  for (const TrackRecord& track : records.tracks) {
    if (is_about_a_track(track.name)) continue;  // see keep_schemas()
    BagReader::Selection before{
        .range = TimeRange::all(), .track = track.name, .reverse = true, .knows_journal = true};
    before.range.last = range.first - 1;
    Result<BagCursor> cursor = reader.cursor(before);
    if (!cursor) return tl::unexpected(cursor.error());
    IntactPoints points(*cursor, warn, "an earlier point is taken");
    bool is_done = false;
    while (!is_done) {
      const Result<std::optional<PointView>> point = points.next();
      if (!point) return tl::unexpected(point.error());
      const Result<bool> added = *point ? copy.add(**point) : Result<bool>(true);
      if (!added) return tl::unexpected(added.error());
      is_done = *added;  // a malformed one stands for nothing: the one before it does
    }
    left_out += points.left_out();
  }
  return left_out;
}

}  // namespace

std::uint64_t tell_left_out(const std::vector<std::string>& records, const Warn& warn) {
  for (const std::string& record : records) warn(record + "; it is left out");
  return records.size();
}

Result<CutReport> cut_bag(const BagReader& reader, const std::string& out,
                          const CutOptions& options, const Progress& progress, const Warn& warn) {
  const Result<BagSummary> summary = reader.summary();
  if (!summary) return tl::unexpected(summary.error());
  const Result<CompressionSpec> compression = usual_compression(*reader.file());
  if (!compression) return tl::unexpected(compression.error());
  const bool is_live = reader.file()->is_being_written();
  BagReader::Selection selection = options.choice.selection;
  // A recorder may write faster than this copies: it ends where the bag ended when it began.
  const std::optional<Timestamp> end = summary->end();
  if (is_live && end) selection.range.last = std::min(selection.range.last, end->ns());
  BagSummary records = cut_records(*summary, options.choice);
  if (is_live) end_last_run(records, wall_seconds());

  Result<BagCopy> copy = BagCopy::create(
      out, {.compression = *compression, .columns = options.choice.columns, .node = "cut"});
  if (!copy) return tl::unexpected(copy.error());
  CutReport report{.left_out = tell_left_out(summary->other_damage, warn)};
  if (options.state_at_start) {
    const Result<std::uint64_t> left_out =
        add_states(reader, records, selection.range, *copy, warn);
    if (!left_out) return tl::unexpected(left_out.error());
    report.left_out += *left_out;
  }
  Result<BagCursor> cursor = reader.cursor(selection);
  if (!cursor) return tl::unexpected(cursor.error());
  const Result<std::uint64_t> left_out =
      add_points(*cursor, *copy, options.choice.points_max, summary->points(), progress, warn);
  if (!left_out) return tl::unexpected(left_out.error());
  report.left_out += *left_out;
  cursor->release();
  const Result<std::uint64_t> lost =
      keep_schemas({&reader, 1}, {&*summary, 1}, options.choice, records, *copy, warn);
  if (!lost) return tl::unexpected(lost.error());
  report.left_out += *lost;
  Status status = copy->finish(records, reader.file().get());
  report.left_out += tell_left_out(copy->left_out(), warn);
  if (status) status = copy->publish();
  if (!status) return tl::unexpected(status.error());
  report.points = copy->counts().points;
  return report;
}

}  // namespace zbag
