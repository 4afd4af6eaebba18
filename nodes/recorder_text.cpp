#include "nodes/recorder_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "nodes/loss_text.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"
#include "nodes/terminal_size.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

// "12 (bad_timestamp 10, too_deep 2)"
template <std::size_t N, class Name>
std::string with_reasons(const std::array<std::uint64_t, N>& counts, Name name) {
  std::uint64_t sum = 0;
  std::string reasons;
  for (std::size_t i = 0; i < N; ++i) {
    add_up(sum, counts[i]);
    if (counts[i] > 0)
      reasons +=
          fmt::format("{}{} {}", reasons.empty() ? " (" : ", ", name(i), count_text(counts[i]));
  }
  return count_text(sum) + (reasons.empty() ? "" : reasons + ")");
}

// "recorded day.zbag in 5.1 s, 569 kB", and what a split made of it.
void say_bags(const Recorder& recorder, const RecordingTotals& totals) {
  const std::vector<std::string> paths = recorder.recording().paths();
  std::uint64_t bytes = 0;
  for (const std::string& path : paths) {
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    if (!error) bytes += size;
  }
  const std::string names = paths.size() == 1 ? paths.front()
                                              : fmt::format("{} bags, {} to {},", paths.size(),
                                                            paths.front(), paths.back());
  say("recorded {} in {:.1f} s, {}\n", names, recorder.seconds(), bytes_text(bytes));
  if (totals.removed_bags > 0) {
    say("  {} with {} removed by --max-files\n", amount_text(totals.removed_bags, "older bag"),
        amount_text(totals.removed_points, "point"));
  }
}

// The bags of the recording, as `info` takes them: by name, or by their folder where they are many.
std::string bags_text(const Recorder& recorder) {
  constexpr std::size_t kNamed = 3;
  const std::vector<std::string> paths = recorder.recording().paths();
  if (paths.size() <= kNamed) return fmt::format("{}", fmt::join(paths, " "));
  const std::string folder = fs::path(paths.front()).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

std::vector<Line> recorder_head(const Recorder& recorder, const RecordingTotals& totals) {
  const Recording& recording = recorder.recording();
  struct statvfs disk {};
  ::statvfs(recording.path().c_str(), &disk);
  // What somebody should look at first: a narrow terminal has room for the beginning alone.
  Line state{{fmt::format("{:.0f} s", recorder.seconds())}};
  if (recorder.is_paused()) state.push_back({"  PAUSED", Tone::kDoubtful});
  const auto warn_of = [&](const char* what, std::uint64_t count, Tone tone) {
    if (count > 0) state.push_back({fmt::format("  {} {}", what, count_text(count)), tone});
  };
  warn_of("lost", totals.lost().value_or(0), Tone::kBad);
  warn_of("dropped", totals.fate.dropped, Tone::kBad);
  warn_of("refused", totals.fate.refused_total(), Tone::kDoubtful);
  state.push_back({fmt::format(
      "  {}{}  buffer {} of {}  free {}", amount_text(totals.fate.points, "point"),
      totals.bags > 1 ? fmt::format(" in {} bags", totals.bags) : "",
      bytes_text(recording.buffered_bytes()), bytes_text(recording.options().buffer_bytes),
      bytes_text(static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize))});
  return {{{recording.path()}}, std::move(state)};
}

TrackTable recorder_table(const RecordingTotals& totals, const RecordingTotals& before,
                          double seconds) {
  TrackTable table(
      {{"rate", 5}, {"bytes/s", 3}, {"points", 4}, {"merged", 0}, {"overwritten", 1}, {"lost", 6}});
  for (const auto& [name, track] : totals.tracks) {
    const auto old = before.tracks.find(name);
    const RecordingTotals::TrackTotals zero;
    const RecordingTotals::TrackTotals& last = old == before.tracks.end() ? zero : old->second;
    const double rate = static_cast<double>(track.fate.received - last.fate.received) / seconds;
    const double bytes = static_cast<double>(track.bytes - last.bytes) / seconds;
    table.add(name, {{fmt::format("{:.1f} Hz", rate), rate},
                     {bytes_text(static_cast<std::uint64_t>(bytes)) + "/s", bytes},
                     count_cell(track.fate.points),
                     count_cell(track.fate.merged),
                     count_cell(track.fate.overwritten, Tone::kDoubtful),
                     lost_cell(track.lost)});
  }
  return table;
}

void say_summary(const Recorder& recorder, const RecordingTotals& totals) {
  const Fate& fate = totals.fate;
  say_bags(recorder, totals);
  Line fates{{fmt::format("  received {} = points {}{} + merged {} + ", count_text(fate.received),
                          count_text(fate.points), kept_apart_text(fate.kept_apart),
                          count_text(fate.merged))}};
  const auto add = [&](const std::string& text, std::uint64_t count, Tone tone) {
    fates.push_back({text, count > 0 ? tone : Tone::kPlain});
  };
  add("refused " +
          with_reasons(fate.refused,
                       [](std::size_t i) { return refusal_name(static_cast<Refusal>(i)); }),
      fate.refused_total(), Tone::kDoubtful);
  add(" + ", 0, Tone::kPlain);
  add("dropped " + count_text(fate.dropped), fate.dropped, Tone::kBad);
  add(" + skipped " +
          with_reasons(fate.skipped, [](std::size_t i) { return skip_name(static_cast<Skip>(i)); }),
      0, Tone::kPlain);
  // As wide as the terminal, but for its last column.
  constexpr std::size_t kUncut = 1'000'000;
  const std::optional<TerminalSize> terminal = size_of_terminal(STDERR_FILENO);
  for (const Line& line : wrapped(fates, terminal ? terminal->columns - 1 : kUncut, 4))
    say_line(line);
  for (const Offenders::Offender& from :
       recorder.recording().intake().offenders().worst(kWorstShown)) {
    say("    '{}': {}{} refused, last as {}\n", from.name, from.inherited > 0 ? "at least " : "",
        count_text(from.least()), refusal_name(from.last));
  }
  say_line({{"  "},
            {"lost " + (totals.lost() ? count_text(*totals.lost()) : "unknown"),
             totals.lost().value_or(0) > 0 ? Tone::kBad : Tone::kPlain}});
  for (const Line& line : loss_lines(totals.publishers, kWorstShown, bags_text(recorder)))
    say_line(line);
  if (fate.overwritten > 0) {
    say_line(
        {{fmt::format("  {} overwritten", amount_text(fate.overwritten, "value")), Tone::kDoubtful},
         {" by frames of equal _ts; record with --merge join to keep them all"}});
  }
}

}  // namespace zbag
