#include "nodes/bag_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "nodes/bag_fields.hpp"
#include "nodes/loss_text.hpp"
#include "nodes/number_text.hpp"
#include "nodes/outliers.hpp"
#include "nodes/time_text.hpp"
#include "nodes/track_table.hpp"
#include "recorder/bag/read/attachments.hpp"
#include "recorder/bag/read/track_schema.hpp"
#include "schemas/add_up.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// Of what there may be many, as many as leave a screen of 24 rows some for tracks.
constexpr std::size_t kRunsShown = 2;
constexpr std::size_t kOutliersShown = 2;
constexpr std::size_t kAttachmentsShown = 2;
constexpr std::size_t kTracksMin = 3;
constexpr std::size_t kRowsOfTable = 4;  // beside its tracks: before and behind it, titles, prompt

// "refused 3 (bad_timestamp 3)", marked where somebody should look.
Piece fate_text(const std::string& what, std::uint64_t count, const Fields& reasons, Tone tone) {
  std::string text = fmt::format("{} {}", what, count_text(count));
  for (const auto& [name, of] : reasons)
    text += fmt::format("{}{} {}", &of == &reasons.front().second ? " (" : ", ", name,
                        count_text(*of.get_if<std::uint64_t>()));
  if (!reasons.empty()) text += ")";
  return {std::move(text), count > 0 ? tone : Tone::kPlain};
}

class BagText {
 public:
  BagText(const BagReader& reader, const BagSummary& bag, const std::optional<BlockSpread>& spread,
          const BagTextOptions& options)
      : reader_(reader), bag_(bag), options_(options), spread_(spread) {}

  // But for the tracks, whose lines fit as they are, broken where the terminal is too narrow.
  std::vector<Line> lines() {
    add_extent();
    add_fates();
    add_losses();
    add_runs();
    add_attachments();
    add_outliers();
    if (options_.terminal) wrap_all();
    add_tracks();
    return std::move(lines_);
  }

 private:
  void add(std::string text) { lines_.push_back({{std::move(text)}}); }
  // How many of `count` there is room for.
  std::size_t shown_of(std::size_t count, std::size_t count_max) const {
    return options_.all || !options_.terminal ? count : std::min(count, count_max);
  }
  void add_rest(std::size_t count, std::size_t shown) {
    if (shown < count)
      lines_.push_back(
          {{fmt::format("    and {} more: zbag info --all {}", count - shown, bag_.path),
            Tone::kFaint}});
  }

  void add_extent();
  void add_fates();
  void add_losses();
  void add_runs();
  void add_attachments();
  void add_outliers();
  void add_tracks();
  // But for those that speak of another one.
  std::size_t own_tracks() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        bag_.tracks, [](const TrackRecord& track) { return !is_about_a_track(track.name); }));
  }
  std::uint64_t own_points() const {
    std::uint64_t points = 0;
    for (const TrackRecord& track : bag_.tracks) {
      if (!is_about_a_track(track.name)) add_up(points, track.total());
    }
    return points;
  }
  void wrap_all();

  const BagReader& reader_;
  const BagSummary& bag_;
  const BagTextOptions& options_;
  const std::optional<BlockSpread>& spread_;
  std::vector<Line> lines_;
};

void BagText::add_extent() {
  const std::optional<Timestamp> start = bag_.start();
  const std::optional<Timestamp> end = bag_.end();
  add(bag_.path);
  add(fmt::format("  size       {}, format {}, by {}", bytes_text(bag_.size_bytes), bag_.bag.format,
                  bag_.bag.creator));
  if (start) {
    add(fmt::format("  start      {}  ({})", iso_text(start->seconds()),
                    seconds_text(start->seconds())));
    add(fmt::format("  end        {}  ({})", iso_text(end->seconds()),
                    seconds_text(end->seconds())));
    add(fmt::format("  duration   {}", duration_text(seconds_between(start->ns(), end->ns()))));
  }
  if (const std::uint64_t left = spread_ ? reclaimable_bytes(bag_, *spread_) : 0; left > 0)
    lines_.push_back({{"  compact    ", Tone::kDoubtful},
                      {fmt::format("would give back about {}: zbag compact {} -o NEW",
                                   bytes_text(left), bag_.path)}});
  const std::size_t left_out = options_.tracks_left_out;
  const std::uint64_t points = own_points();
  const std::uint64_t about = bag_.points() - points;
  add(fmt::format("  points     {} in {}{}{}", count_text(points),
                  left_out > 0 ? count_text(own_tracks()) + " of " : "",
                  amount_text(own_tracks() + left_out, "track"),
                  about > 0 ? fmt::format(", and {} about tracks", count_text(about)) : ""));
}

void BagText::add_fates() {
  const Fate fate = bag_.fate();
  const Fields counted = fate_fields(fate);
  lines_.push_back(
      {{fmt::format("  frames     received {} = points {}{} + merged {} + ",
                    count_text(fate.received), count_text(fate.points),
                    kept_apart_text(fate.kept_apart), count_text(fate.merged))},
       fate_text("refused", fate.refused_total(), map_field(counted, "refused"), Tone::kDoubtful),
       {" + "},
       fate_text("dropped", fate.dropped, {}, Tone::kBad),
       {" + "},
       fate_text("skipped", fate.skipped_total(), map_field(counted, "skipped"), Tone::kPlain)});
  if (fate.overwritten > 0)
    lines_.push_back(
        {{fmt::format("  overwritten {}", amount_text(fate.overwritten, "value")), Tone::kDoubtful},
         {" by frames of equal _ts (record --merge join keeps them all)"}});
}

void BagText::add_losses() {
  const std::optional<std::uint64_t> lost = bag_.lost();
  lines_.push_back({{"  lost       "},
                    {lost ? count_text(*lost) : "unknown (no publisher numbers its frames)",
                     lost.value_or(0) > 0 ? Tone::kBad : Tone::kPlain}});
  const std::size_t count = bag_.losses.size();
  for (Line& line :
       loss_lines(bag_.losses, options_.losses ? count : shown_of(count, kWorstShown), bag_.path))
    lines_.push_back(std::move(line));
}

// The latest ones, where there is no room for all.
void BagText::add_runs() {
  const auto open_runs = static_cast<std::uint64_t>(std::count_if(
      bag_.runs.begin(), bag_.runs.end(), [](const auto& run) { return !run.closed; }));
  if (open_runs > 0 && !is_being_written(bag_.path))
    lines_.push_back({{"  not closed " + amount_text(open_runs, "run"), Tone::kDoubtful},
                      {" (a kill or a power loss: what is here is whole)"}});
  const std::size_t shown = shown_of(bag_.runs.size(), kRunsShown);
  add_rest(bag_.runs.size(), shown);
  for (std::size_t i = bag_.runs.size() - shown; i < bag_.runs.size(); ++i) {
    const RunRecord& run = bag_.runs[i];
    const bool is_writing = bag_.writer && !run.closed && i + 1 == bag_.runs.size();
    add(fmt::format(
        "  run {:<6} {} {} on {}{}", run.id, iso_text(run.start),
        run.closed ? fmt::format("to {}", iso_text(run.end.value_or(run.start))) : "not closed",
        run.host,
        is_writing ? fmt::format(" (writer: {} pid {})", bag_.writer->node, bag_.writer->pid)
                   : ""));
    for (const auto& [key, value] : run.metadata) {
      std::string text;
      write_json(value, text);
      add(fmt::format("    {} = {}", key, text));
    }
  }
}

void BagText::add_attachments() {
  const Result<std::vector<AttachmentSize>> files = attachments_of(reader_);
  if (!files)
    return lines_.push_back(
        {{"  attachments can not be read: ", Tone::kBad}, {printable(files.error().message)}});
  const std::size_t shown = shown_of(files->size(), kAttachmentsShown);
  for (std::size_t i = 0; i < shown; ++i)
    add(fmt::format("  attachment {}, {}", printable((*files)[i].name),
                    bytes_text((*files)[i].bytes)));
  add_rest(files->size(), shown);
}

void BagText::add_outliers() {
  const std::vector<Outliers> outliers = find_outliers(reader_, bag_);
  const std::size_t shown = shown_of(outliers.size(), kOutliersShown);
  for (std::size_t i = 0; i < shown; ++i)
    lines_.push_back({{"  far from the rest: ", Tone::kDoubtful}, {outliers[i].text()}});
  add_rest(outliers.size(), shown);
}

void BagText::wrap_all() {
  constexpr std::size_t kIndent = 13;  // of what stands behind "  frames     "
  for (const Line& line : std::exchange(lines_, {})) {
    for (Line& part : wrapped(line, options_.terminal->columns, kIndent))
      lines_.push_back(std::move(part));
  }
}

// "ax float64, ay float64", as many as `columns` hold; how many are left out stands behind.
std::string fields_text(const TrackRecord& track, std::size_t columns) {
  std::string text;
  std::size_t left = track.fields.size();
  for (const auto& [field, types] : track.fields) {
    const std::string one =
        fmt::format("{}{} {}", text.empty() ? "" : ", ", printable(field), types_text(types));
    const std::string rest = left > 1 ? fmt::format(", ... {} more", left) : "";
    if (columns_of(text) + columns_of(one) + columns_of(rest) > columns)
      return text.empty() ? shortened(one, columns) : text + fmt::format(", ... {} more", left);
    text += one;
    --left;
  }
  return text;
}

TrackCell spread_cell(const std::optional<RateSpread>& rates) {
  if (!rates) return {"-", 0.0, Tone::kFaint};
  return {fmt::format("{:.1f}/{:.1f}", rates->min_hz, rates->max_hz),
          rates->max_hz - rates->min_hz};
}

constexpr std::size_t kLostColumn = 4;
constexpr std::size_t kOverwrittenColumn = 5;  // where there is any

// What else there is to say in front of its fields.
std::string about_text(const BagReader& reader, const std::string& track) {
  const auto about = about_of(reader, track);
  if (about && *about && !(*about)->description.empty())
    return printable((*about)->description) + ": ";
  const auto original = original_of(reader, track);
  return original && *original ? printable((*original)->name) + ": " : "";
}

TrackTable table_of(const BagReader& reader, const BagSummary& bag,
                    const std::optional<BlockSpread>& spread) {
  const bool has_overwritten = bag.fate().overwritten > 0;
  std::vector<TrackColumn> columns{
      {"points", 5}, {"rate", 4}, {"min/max", 0}, {"bytes", 2}, {"lost", 6}};
  if (has_overwritten) columns.push_back({"overwritten", 3});
  TrackTable table(std::move(columns), "fields");
  for (const TrackRecord& track : bag.tracks) {
    if (is_about_a_track(track.name)) continue;  // said of that one
    const double rate = track.rate().value_or(0.0);
    std::vector<TrackCell> cells{count_cell(track.total()),
                                 {fmt::format("{:.1f} Hz", rate), rate},
                                 spread_cell(rates_of(track, spread)),
                                 {bytes_text(track.bytes), static_cast<double>(track.bytes)},
                                 lost_cell(track.lost)};
    if (has_overwritten) cells.push_back(count_cell(track.fate.overwritten, Tone::kDoubtful));
    const std::string kind = kind_text(reader, track);
    const std::string front =
        kind.empty() ? about_text(reader, track.name) : printable(kind) + ": ";
    table.add(track.name, std::move(cells), [&track, front](std::size_t width) {
      return front + fields_text(track, width - std::min(width, columns_of(front)));
    });
  }
  return table;
}

// What somebody who sees a few of the tracks must not miss.
std::optional<std::size_t> worst_column(const BagSummary& bag) {
  if (bag.lost().value_or(0) > 0) return kLostColumn;
  if (bag.fate().overwritten > 0) return kOverwrittenColumn;
  return std::nullopt;
}

void BagText::add_tracks() {
  if (own_tracks() == 0) return;
  constexpr std::string_view kIndent = "  ";
  const std::optional<TerminalSize>& terminal = options_.terminal;
  std::optional<std::size_t> width;
  if (terminal) width = terminal->columns - std::min(terminal->columns, kIndent.size());
  TrackTable tracks = table_of(reader_, bag_, spread_);
  std::size_t shown = tracks.size();
  if (terminal && !options_.all) {
    const std::size_t taken = lines_.size() + kRowsOfTable;
    const std::size_t room = terminal->rows - std::min(terminal->rows, taken);
    shown = std::min(shown, std::max(kTracksMin, room));
  }
  if (shown < tracks.size()) tracks.sort(worst_column(bag_), false);
  std::vector<Line> table = tracks.lines(width);
  add("");
  for (std::size_t i = 0; i <= shown; ++i) {
    table[i].insert(table[i].begin(), {std::string(kIndent)});
    lines_.push_back(std::move(table[i]));
  }
  add_rest(tracks.size(), shown);
}

}  // namespace

std::vector<Line> bag_text(const BagReader& reader, const BagSummary& bag,
                           const std::optional<BlockSpread>& spread,
                           const BagTextOptions& options) {
  return BagText(reader, bag, spread, options).lines();
}

}  // namespace zbag
