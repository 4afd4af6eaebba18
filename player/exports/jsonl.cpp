// jsonl: one neutral recording, or a file of rows a track.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "player/exports/row_chunks.hpp"
#include "player/exports/row_text.hpp"
#include "player/exports/track_files.hpp"
#include "player/imports/neutral_file.hpp"
#include "schemas/chosen_fields.hpp"
#include "schemas/kinds/fit.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

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
    std::map<std::string, std::string, std::less<>> schemas = schemas_of(source);
    Status written = source.each_point([&](const PointView& point) -> Status {
      if (const auto schema = schemas.find(point.track); schema != schemas.end()) {
        write_neutral_line(schema_track(point.track), point.stamp(),
                           *open_map(bytes_of(schema->second)), line.text, line.drain_to(*file));
        line.text += '\n';
        schemas.erase(schema);
      }
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
  // What is said of the fields of tracks, as maps: it goes before their first points, so that
  // `import` has it, too. Not where it is chosen as a track of its own.
  static std::map<std::string, std::string, std::less<>> schemas_of(const ExportSource& source) {
    std::map<std::string, std::string, std::less<>> schemas;
    for (const std::string& track : source.track_names()) {
      const std::string name = schema_track(track);
      const bool is_apart = is_system_track(track) || source.tracks().contains(name);
      if (is_apart || source.excludes(name)) continue;
      const Result<std::optional<Kind>> kind = source.kind_of(track);
      if (!kind) source.warn(kind.error().message + "; the recording does not say it");
      if (!kind || !*kind || !fits(source, track)) continue;
      encode_fields(written_kind(**kind), schemas[track]);
    }
    return schemas;
  }
  // What does not fit as it is stays what it is.
  static bool fits(const ExportSource& source, const std::string& track) {
    if (source.columns().empty()) return true;
    const Result<std::optional<TrackSchema>> schema = source.meaning_of(track);
    if (!schema || !*schema) return true;
    const std::string misfit = misfit_of_chosen(track, **schema, source.columns());
    if (!misfit.empty()) source.warn(misfit);
    return misfit.empty();
  }

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

bool is_neutral(const ExportOptions& options) {
  const bool is_file = options.out == "-" || options.out.ends_with(kExtension);
  return options.layout == ExportLayout::kNeutral ||
         (options.layout == ExportLayout::kByName && is_file);
}

Result<std::unique_ptr<Exporter>> make_jsonl_exporter(const ExportOptions& options) {
  if (is_neutral(options) && options.binary != BinaryAs::kByFormat) {
    return fail(
        ErrorCode::kInvalid,
        "a neutral recording has bytes as hex; leave --binary out, or choose --layout rows");
  }
  if (is_neutral(options) && options.is_aligned) {
    return fail(ErrorCode::kInvalid,
                "a neutral recording has points and no rows; leave --align out, or choose --layout "
                "rows");
  }
  if (is_neutral(options))
    return std::unique_ptr<Exporter>(std::make_unique<NeutralExporter>(options));
  return std::unique_ptr<Exporter>(std::make_unique<RowsExporter>(options));
}

}  // namespace zbag
