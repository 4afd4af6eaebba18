// trc: tracks of a kind that has markers as OpenSim reads them (interop.md 7.2). Rows are a
// constant time apart: of a track that is not regular they are linear between its points.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <utility>

#include "player/columns/cells.hpp"
#include "player/exports/exporter.hpp"
#include "player/exports/intervals.hpp"
#include "player/exports/spool.hpp"
#include "player/exports/track_files.hpp"
#include "schemas/apart.hpp"

namespace zbag {
namespace {

constexpr const char* kExtension = ".trc";
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kIntervalOfNothing = 1.0 / 30;
// How far from its place a point of a regular track may be, in intervals.
constexpr double kJitterMax = 0.1;
// Rows a point: more of them would be gaps and nothing else.
constexpr double kRowsOfAPointMax = 100;

struct Marker {
  std::string label;
  ExportField field;
};

struct MarkerSet {
  std::vector<Marker> markers;
  std::string unit;
};

std::string joined(std::span<const std::string> names) {
  return fmt::format("{}", fmt::join(names, "."));
}

// Without what parts labels, and unlike all before it.
std::string label_of(const FieldNames& names, std::set<std::string>& taken) {
  std::string label = joined(std::span(names).subspan(names.size() > 1 ? 1 : 0));
  const auto is_blank = [](char byte) {
    return static_cast<unsigned char>(byte) <= ' ' || byte == 0x7f;
  };
  std::replace_if(label.begin(), label.end(), is_blank, '_');
  if (label.empty()) label += '_';
  while (!taken.insert(label).second) label += '_';
  return label;
}

Result<MarkerSet> markers_of(const ExportSource& source, const std::string& track) {
  const auto schema = source.meaning_of(track);
  if (!schema) return tl::unexpected(schema.error());
  MarkerSet found;
  std::set<std::string> labels;
  const auto fields = source.fields_of(track);
  if (!fields) return tl::unexpected(fields.error());
  for (const ExportField& field : *fields) {
    if (!*schema) break;
    for (const SchemaField& known : (*schema)->fields) {
      if (known.role != "markers.*" || known.name != joined(field.names)) continue;
      found.markers.push_back({label_of(field.names, labels), field});
      found.unit = known.unit;
    }
  }
  if (!found.markers.empty()) return found;
  return fail(ErrorCode::kUnsupported,
              fmt::format("nothing says which fields of track {0} are markers: zbag schema BAG {0} "
                          "markers",
                          track));
}

// The points of a track, kept in a Spool: their stamps, then x, y, z of each marker.
class MarkerPoints {
 public:
  MarkerPoints(Spool& spool, std::size_t markers) : spool_(spool), row_(1 + 3 * markers) {}

  Status add(const ColumnChunk& chunk) {
    std::vector<Cells> cells;
    for (const FieldColumn& column : chunk.fields) cells.emplace_back(column);
    for (const std::int64_t key : chunk.keys) {
      if (count_ == 0) first_ = key;
      last_ = key;
      ++count_;
      intervals_.add(key);
      row_[0] = length();
      double* to = row_.data() + 1;
      for (Cells& of_marker : cells) {
        const Cell cell = of_marker.next();
        const bool is_seen = is_list(cell.type()) && cell.list_size() == 3;
        for (std::size_t axis = 0; axis < 3; ++axis)
          *to++ = is_seen ? cell.list_number(axis) : kNaN;
      }
      if (Status written = spool_.write(
              {reinterpret_cast<const char*>(row_.data()), row_.size() * sizeof(double)});
          !written)
        return written;
    }
    return {};
  }

  std::uint64_t count() const { return count_; }
  double length() const { return static_cast<double>(apart(first_, last_)) / 1e9; }
  // Seconds from point to point, and whether they are all that far apart.
  Result<std::pair<double, bool>> interval() {
    if (last_ == first_) return std::pair(kIntervalOfNothing, count_ == 1);
    const double mean = length() / static_cast<double>(count_ - 1);
    const Result<double> jitter = jitter_around(mean);
    if (!jitter) return tl::unexpected(jitter.error());
    if (*jitter <= kJitterMax * mean) return std::pair(mean, true);
    const std::uint64_t median = intervals_.median();
    return std::pair(median > 0 ? static_cast<double>(median) / 1e9 : mean, false);
  }

 private:
  // How far a point is at most from its place, in seconds.
  Result<double> jitter_around(double interval) {
    if (Status ready = spool_.rewind(); !ready) return tl::unexpected(ready.error());
    double jitter = 0;
    for (std::uint64_t place = 0;; ++place) {
      const Result<bool> is_there = spool_.read(row_.data(), row_.size() * sizeof(double));
      if (!is_there) return tl::unexpected(is_there.error());
      if (!*is_there) return jitter;
      jitter = std::max(jitter, std::abs(row_[0] - interval * static_cast<double>(place)));
    }
  }

  Spool& spool_;
  std::vector<double> row_;
  Intervals intervals_;
  std::int64_t first_ = 0;
  std::int64_t last_ = 0;
  std::uint64_t count_ = 0;
};

void append_row(std::uint64_t number, double seconds, const std::vector<double>& row,
                std::string& text) {
  text += fmt::format("{}\t{:.6f}", number + 1, seconds);
  for (std::size_t i = 1; i < row.size(); ++i)
    text += std::isfinite(row[i]) ? fmt::format("\t{}", row[i]) : "\tnan";
  text += '\n';
}

// Between two points, at a time from the first to the second.
std::vector<double> between(const std::vector<double>& a, const std::vector<double>& b, double at) {
  const double share = b[0] > a[0] ? (at - a[0]) / (b[0] - a[0]) : 0;
  std::vector<double> row(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    row[i] = share <= 0 ? a[i] : share >= 1 ? b[i] : a[i] + (b[i] - a[i]) * share;
  }
  return row;
}

struct Rows {
  std::uint64_t count;
  double interval;  // seconds
  bool is_regular;  // each is a point
};

Status write_rows(Spool& spool, const Rows& rows, std::size_t values, OutputFile& file) {
  if (Status ready = spool.rewind(); !ready) return ready;
  std::vector<double> before(values);
  std::vector<double> next(values);
  std::string text;
  std::uint64_t written = 0;
  for (bool is_first = true;; is_first = false) {
    const Result<bool> is_there = spool.read(next.data(), values * sizeof(double));
    if (!is_there) return tl::unexpected(is_there.error());
    if (!*is_there) return {};
    if (is_first) before = next;
    while (written < rows.count) {
      const double at = static_cast<double>(written) * rows.interval;
      // The last row may lie behind the last point by what doubles round.
      if (!rows.is_regular && at > next[0] + 1e-9) break;
      append_row(written, at, rows.is_regular ? next : between(before, next, at), text);
      ++written;
      if (Status done = file.write(text); !done) return done;
      text.clear();
      if (rows.is_regular) break;
    }
    std::swap(before, next);
  }
}

std::string head_of(const std::string& track, const MarkerSet& set, const Rows& rows) {
  std::string text = fmt::format("PathFileType\t4\t(X/Y/Z)\t{}{}\n", track, kExtension);
  text +=
      "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
      "OrigNumFrames\n";
  text += fmt::format("{0:.10g}\t{0:.10g}\t{1}\t{2}\t{3}\t{0:.10g}\t1\t{1}\n", 1 / rows.interval,
                      rows.count, set.markers.size(), set.unit);
  text += "Frame#\tTime";
  for (std::size_t i = 0; i < set.markers.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "\t" : "\t\t\t", set.markers[i].label);
  text += "\n\t";
  for (std::size_t i = 1; i <= set.markers.size(); ++i)
    text += fmt::format("\tX{0}\tY{0}\tZ{0}", i);
  return text + "\n\n";
}

class TrcExporter : public Exporter {
 public:
  explicit TrcExporter(const ExportOptions& options) : options_(options) {}

  Status write(ExportSource& source) override {
    Result<TrackFiles> files = TrackFiles::plan(source, options_, kExtension);
    if (!files) return tl::unexpected(files.error());
    for (const std::string& track : source.track_names()) {
      const Result<MarkerSet> set = markers_of(source, track);
      if (!set) return tl::unexpected(set.error());
      const Result<OutputFile*> file = files->begin(track);
      if (!file) return tl::unexpected(file.error());
      if (Status written = write_track(source, track, *set, **file); !written) return written;
    }
    if (source.tracks().empty()) return fail(ErrorCode::kUnsupported, "no markers are chosen");
    return files->publish();
  }

 private:
  static Status write_track(ExportSource& source, const std::string& track, const MarkerSet& set,
                            OutputFile& file) {
    Result<Spool> spool = Spool::create();
    if (!spool) return tl::unexpected(spool.error());
    MarkerPoints points(*spool, set.markers.size());
    std::vector<ExportField> fields;
    for (const Marker& marker : set.markers) fields.push_back(marker.field);
    Status read = source.each_chunk_of(track, fields,
                                       [&](const ColumnChunk& chunk) { return points.add(chunk); });
    if (!read) return read;
    const Result<Rows> rows = rows_of(source, track, points);
    if (!rows) return tl::unexpected(rows.error());
    if (Status written = file.write(head_of(track, set, *rows)); !written) return written;
    return write_rows(*spool, *rows, 1 + 3 * set.markers.size(), file);
  }
  static Result<Rows> rows_of(const ExportSource& source, const std::string& track,
                              MarkerPoints& points) {
    const auto found = points.interval();
    if (!found) return tl::unexpected(found.error());
    const auto [interval, is_regular] = *found;
    if (is_regular) return Rows{points.count(), interval, true};
    const double count = std::floor(points.length() / interval + 1e-6) + 1;
    if (count > kRowsOfAPointMax * static_cast<double>(points.count())) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("track {} is mostly gaps: {} points would be {:.0f} rows; choose a "
                              "part with --start and --end",
                              track, points.count(), count));
    }
    source.note(
        fmt::format("track {} is not regular: its rows are {:.6f} s apart, linear between "
                    "the points",
                    track, interval));
    return Rows{static_cast<std::uint64_t>(count), interval, false};
  }

  ExportOptions options_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_trc_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<TrcExporter>(options));
}

}  // namespace zbag
