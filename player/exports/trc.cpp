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

#include "player/columns/unused_name.hpp"
#include "player/exports/exporter.hpp"
#include "player/exports/motion/even_rows.hpp"
#include "player/exports/motion/list_number.hpp"
#include "player/exports/track_files.hpp"

namespace zbag {
namespace {

constexpr const char* kExtension = ".trc";
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

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
  return unused_name(std::move(label), taken);
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

// x, y, z of each marker.
Status add_points(const ColumnChunk& chunk, EvenRows& rows) {
  std::vector<Cells> cells;
  for (const FieldColumn& column : chunk.fields) cells.emplace_back(column);
  std::vector<double> row;
  for (const std::int64_t key : chunk.keys) {
    row.clear();
    for (Cells& of_marker : cells) {
      const Cell cell = of_marker.next();
      const bool is_seen = list_length(cell) == 3;
      for (std::size_t axis = 0; axis < 3; ++axis)
        row.push_back(is_seen ? list_number(cell, axis).value_or(kNaN) : kNaN);
    }
    if (Status added = rows.add(key, row); !added) return added;
  }
  return {};
}

void append_row(std::uint64_t number, double seconds, std::span<const double> row,
                std::string& text) {
  text += fmt::format("{}\t{:.6f}", number + 1, seconds);
  for (const double value : row)
    text += std::isfinite(value) ? fmt::format("\t{}", value) : "\tnan";
  text += '\n';
}

void put_between(std::span<const double> a, std::span<const double> b, double share,
                 std::span<double> row) {
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = a[i] + (b[i] - a[i]) * share;
}

std::string head_of(const std::string& track, const MarkerSet& set, const EvenRows::Clock& clock) {
  std::string text = fmt::format("PathFileType\t4\t(X/Y/Z)\t{}{}\n", track, kExtension);
  text +=
      "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
      "OrigNumFrames\n";
  text += fmt::format("{0:.10g}\t{0:.10g}\t{1}\t{2}\t{3}\t{0:.10g}\t1\t{1}\n", 1 / clock.interval,
                      clock.rows, set.markers.size(), set.unit);
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
    EvenRows rows(*spool, 3 * set.markers.size());
    std::vector<ExportField> fields;
    for (const Marker& marker : set.markers) fields.push_back(marker.field);
    Status read = source.each_chunk_of(
        track, fields, [&](const ColumnChunk& chunk) { return add_points(chunk, rows); });
    if (!read) return read;
    const Result<EvenRows::Clock> clock = rows.clock(track);
    if (!clock) return tl::unexpected(clock.error());
    if (!clock->is_regular) {
      source.warn("tracks that are not regular have rows as far apart, linear between the points",
                  fmt::format("{:.6f} s of track {}", clock->interval, printable(track)));
    }
    if (Status written = file.write(head_of(track, set, *clock)); !written) return written;
    std::string text;
    return rows.each(*clock, put_between,
                     [&](std::uint64_t number, double seconds, std::span<const double> row) {
                       text.clear();
                       append_row(number, seconds, row, text);
                       return file.write(text);
                     });
  }

  ExportOptions options_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_trc_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<TrcExporter>(options));
}

}  // namespace zbag
