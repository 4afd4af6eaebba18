#include "nodes/recorder_text.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <array>
#include <filesystem>

#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

std::string lost_text(const std::optional<std::uint64_t>& lost) {
  return lost ? count_text(*lost) : "unknown";
}

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
    say("  {} older {} with {} points removed by --max-files\n", count_text(totals.removed_bags),
        totals.removed_bags == 1 ? "bag" : "bags", count_text(totals.removed_points));
  }
}

}  // namespace

std::vector<std::string> recorder_lines(const Recorder& recorder, const RecordingTotals& totals,
                                        const RecordingTotals& before, double seconds) {
  const Recording& recording = recorder.recording();
  struct statvfs disk {};
  ::statvfs(recording.path().c_str(), &disk);
  std::vector<std::string> lines;
  lines.push_back(fmt::format(
      "{}  {}  {} points{}  buffer {} of {}  disk left {}{}", recording.path(),
      fmt::format("{:.0f} s", recorder.seconds()), count_text(totals.fate.points),
      totals.bags > 1 ? fmt::format(" in {} bags", totals.bags) : "",
      bytes_text(recording.buffered_bytes()), bytes_text(recording.options().buffer_bytes),
      bytes_text(static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize),
      recorder.is_paused() ? "  PAUSED" : ""));
  lines.push_back(fmt::format("{}  {:>10}  {:>10}  {:>12}  {:>8}  {:>11}  {:>8}", fit("track", 32),
                              "rate", "bytes/s", "points", "merged", "overwritten", "lost"));
  constexpr std::size_t kTracksShown = 40;
  for (const auto& [name, track] : totals.tracks) {
    if (lines.size() == kTracksShown + 2) {
      lines.push_back(fmt::format("... and {} more tracks", totals.tracks.size() - kTracksShown));
      break;
    }
    const auto old = before.tracks.find(name);
    const RecordingTotals::TrackTotals zero;
    const RecordingTotals::TrackTotals& last = old == before.tracks.end() ? zero : old->second;
    lines.push_back(fmt::format(
        "{}  {:>7.1f} Hz  {:>8}/s  {:>12}  {:>8}  {:>11}  {:>8}", fit(shortened(name, 32), 32),
        static_cast<double>(track.fate.received - last.fate.received) / seconds,
        bytes_text(
            static_cast<std::uint64_t>(static_cast<double>(track.bytes - last.bytes) / seconds)),
        count_text(track.fate.points), count_text(track.fate.merged),
        count_text(track.fate.overwritten), track.lost ? count_text(*track.lost) : "?"));
  }
  return lines;
}

void say_summary(const Recorder& recorder, const RecordingTotals& totals) {
  const Fate& fate = totals.fate;
  say_bags(recorder, totals);
  say("  received {} = points {}{} + merged {} + refused {} + dropped {} + skipped {}\n",
      count_text(fate.received), count_text(fate.points), kept_apart_text(fate.kept_apart),
      count_text(fate.merged),
      with_reasons(fate.refused,
                   [](std::size_t i) { return refusal_name(static_cast<Refusal>(i)); }),
      count_text(fate.dropped),
      with_reasons(fate.skipped, [](std::size_t i) { return skip_name(static_cast<Skip>(i)); }));
  for (const Offenders::Offender& from : recorder.recording().intake().offenders().worst(5)) {
    say("    '{}': {} refused, last as {}\n", from.name, count_text(from.count),
        refusal_name(from.last));
  }
  say("  lost {}\n", lost_text(totals.lost()));
  for (const LossRecord& record : totals.publishers) {
    if (record.lost == 0 && record.missed_before == 0) continue;
    const std::string who =
        record.publisher.empty() ? fmt::format("{:016x}", record.src) : record.publisher;
    say("    {} {}: {} lost, {} sent before the recorder was there\n", who, record.track,
        count_text(record.lost), count_text(record.missed_before));
  }
  if (fate.overwritten > 0) {
    say("  {} values were overwritten by frames of equal _ts; record with --merge join to "
        "keep them all\n",
        count_text(fate.overwritten));
  }
}

}  // namespace zbag
