// jsonl: one neutral recording, or a file of rows a track.

#include <optional>
#include <utility>

#include "player/exports/row_chunks.hpp"
#include "player/exports/row_text.hpp"
#include "player/exports/track_files.hpp"
#include "player/formats/neutral_file.hpp"
#include "schemas/chosen_fields.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr const char* kExtension = ".jsonl";

class NeutralExporter : public Exporter {
 public:
  explicit NeutralExporter(const ExportOptions& options)
      : out_(options.out), existing_(options.existing) {}

  Status write(ExportSource& source) override {
    Result<OutputFile> file = OutputFile::create(out_, existing_);
    if (!file) return tl::unexpected(file.error());
    FileText line;
    std::string kept;  // the fields that are chosen
    const Status written = source.each_point([&](const PointView& point) -> Status {
      MapBytes map = open_map(point.map).value_or(MapBytes{});
      if (!source.columns().empty()) {
        kept.clear();
        append_chosen(map, source.columns(), kept);
        map = *open_map(bytes_of(kept));
      }
      write_neutral_line(point.track, point.stamp(), map, line.text, line.drain_to(*file));
      line.text += '\n';
      return line.write_much_to(*file);
    });
    if (!written) return written;
    if (Status rest = line.write_to(*file); !rest) return rest;
    if (Status finished = file->finish(); !finished) return finished;
    return file->publish();
  }

 private:
  std::string out_;
  Existing existing_;
};

class RowsExporter : public Exporter {
 public:
  explicit RowsExporter(ExportOptions options) : options_(std::move(options)) {}

  Status write(ExportSource& source) override {
    if (options_.out == "-") return write_stdout(source);
    Result<TrackFiles> files = TrackFiles::plan_folder(source, options_, kExtension);
    if (!files) return tl::unexpected(files.error());
    for (const std::string& track : source.track_names()) {
      const Result<OutputFile*> file = files->begin(track);
      if (!file) return tl::unexpected(file.error());
      Status written = write_track(source, track, files->binaries(), **file);
      if (!written) return written;
    }
    return files->publish();
  }

 private:
  // Those of all tracks, one after the other.
  Status write_stdout(ExportSource& source) {
    TrackFiles files = TrackFiles::one(options_);
    const Result<OutputFile*> file = files.begin({});
    if (!file) return tl::unexpected(file.error());
    for (const std::string& track : source.track_names()) {
      Status written = write_track(source, track, files.binaries(), **file);
      if (!written) return written;
    }
    return files.publish();
  }
  static Status write_track(ExportSource& source, const std::string& track, BinaryCells& binaries,
                            OutputFile& file) {
    FileText line;
    if (RowChunks::can_write(source.tracks().at(track))) {
      Result<std::vector<ExportField>> fields = source.fields_as_sent(track);
      if (!fields) return tl::unexpected(fields.error());
      RowChunks rows(std::move(*fields), binaries);
      const Status written = source.each_chunk_of(
          track, rows.fields(),
          [&](const ColumnChunk& chunk) { return rows.append(chunk, "\n", line, file); });
      return written ? line.write_to(file) : written;
    }
    RowText rows(source, track, binaries);
    const Status written = source.each_point_of(track, [&](const PointView& point) -> Status {
      if (Status row = rows.append(point, line, file); !row) return row;
      line.text += '\n';
      return line.write_much_to(file);
    });
    return written ? line.write_to(file) : written;
  }

  ExportOptions options_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_jsonl_exporter(const ExportOptions& options) {
  const bool is_file = options.out == "-" || options.out.ends_with(kExtension);
  const bool is_neutral = options.layout == ExportLayout::kNeutral ||
                          (options.layout == ExportLayout::kByName && is_file);
  if (is_neutral && options.binary != BinaryAs::kByFormat) {
    return fail(
        ErrorCode::kInvalid,
        "a neutral recording has bytes as hex; leave --binary out, or choose --layout rows");
  }
  if (is_neutral && options.is_aligned) {
    return fail(ErrorCode::kInvalid,
                "a neutral recording has points and no rows; leave --align out, or choose --layout "
                "rows");
  }
  if (is_neutral) return std::unique_ptr<Exporter>(std::make_unique<NeutralExporter>(options));
  return std::unique_ptr<Exporter>(std::make_unique<RowsExporter>(options));
}

}  // namespace zbag
