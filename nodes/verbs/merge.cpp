#include <fmt/format.h>

#include "nodes/command.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "recorder/bag/read/playlist.hpp"
#include "recorder/bag/upkeep/copied_records.hpp"
#include "recorder/bag/upkeep/cut.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::vector<std::string> bags;
  std::string out;
  std::string merge = "shallow";
  bool quiet = false;
};

// Every point of the playlist, in order of time: what meets at one stamp of a track merges.
Result<CutReport> merge_bags(Playlist& playlist, const Arguments& arguments, MergeMode mode) {
  BagReader::Selection selection{.all_tracks = true};
  // Bags that are being recorded end where they ended when this began.
  if (const auto extent = playlist.extent()) selection.range.last = extent->last;
  if (Status status = playlist.select(selection); !status) return tl::unexpected(status.error());
  const Result<BagReader> first = BagReader::open(arguments.bags.front());
  if (!first) return tl::unexpected(first.error());
  const Result<CompressionSpec> compression = usual_compression(*first->file());
  if (!compression) return tl::unexpected(compression.error());
  Result<BagCopy> copy =
      BagCopy::create(arguments.out, {.compression = *compression, .merge = mode, .node = "merge"});
  if (!copy) return tl::unexpected(copy.error());
  ProgressBar bar("merge", arguments.quiet);
  const Warn tell = [&](const std::string& text) {
    bar.clear();
    warn("merge", text);
  };
  Result<std::uint64_t> left_out = add_all(
      playlist, *copy, playlist.points(),
      [&](double share) {
        bar.show(share);
        return !StopSignal::wanted();
      },
      tell);
  if (!left_out) return tl::unexpected(left_out.error());
  playlist.release();
  for (const BagSummary& summary : playlist.summaries())
    *left_out += tell_left_out(summary.other_damage, tell);
  Status status = copy->finish(joined_records(playlist.summaries()));
  if (status) status = copy->publish();
  if (!status) return tl::unexpected(status.error());
  const BagCopy::Counts counts = copy->counts();
  return CutReport{counts.points, counts.merged, counts.overwritten, *left_out};
}

int run(const Arguments& arguments) {
  const Result<MergeMode> mode = parse_merge_mode(arguments.merge);
  if (!mode) return show("merge", mode.error());
  Result<Playlist> playlist = Playlist::open(arguments.bags);
  if (!playlist) return show("merge", playlist.error());
  const Result<CutReport> report = merge_bags(*playlist, arguments, *mode);
  if (!report) return show_unmade("merge", report.error());
  if (!arguments.quiet)
    say("merged {} bags into {}: {} points, {} merged into others\n", arguments.bags.size(),
        arguments.out, count_text(report->points), count_text(report->merged));
  if (report->overwritten > 0 && !arguments.quiet)
    warn("merge", fmt::format("{} values were overwritten by different ones of equal _ts; --merge "
                              "append keeps every point",
                              count_text(report->overwritten)));
  if (report->left_out == 0) return kExitDone;
  warn("merge",
       fmt::format("{} damaged blocks, points and records were left out; zbag check names them",
                   report->left_out));
  return kExitDamaged;
}

}  // namespace

Verb add_merge(CLI::App& root) {
  CLI::App* const app =
      add_subcommand(root, "merge", "Joins bags into one by _ts; runs and losses of all are kept",
                     "zbag merge front.zbag back.zbag -o robot.zbag");
  auto a = std::make_shared<Arguments>();
  app->add_option("BAG", a->bags, "Bags to join; of equal stamps the first comes first")
      ->required()
      ->capture_default_str();
  add_new_bag(*app, a->out);
  app->add_option("--merge", a->merge,
                  "Points of one track and _ts: shallow, deep, or append (keeps every point)")
      ->type_name("MODE");
  add_quiet(*app, a->quiet);
  return {app, [a] { return run(*a); }};
}

}  // namespace zbag
