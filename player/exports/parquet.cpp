// parquet: a file a track, by DuckDB: `timestamp` in seconds, `_ts_ns`, then a column for every
// field of the track. What a point does not have is NULL, lists are lists, bytes are bytes, what is
// mixed is JSON. With partitions it is a folder of folders NAME=VALUE, as Hive has them.

#include <algorithm>
#include <filesystem>
#include <utility>

#include "player/columns/column_names.hpp"
#include "player/exports/output_tree.hpp"
#include "player/exports/partitions.hpp"
#include "player/exports/track_files.hpp"
#include "player/query/parquet_writer.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kExtension = ".parquet";
constexpr std::uint64_t kGroupBytes = 64u << 20;  // of a row group, before it is compressed
constexpr std::uint64_t kGroupRowsMin = 64;

std::string text_of(const Value& value) {
  std::string text;
  write_json(value, text);
  return text;
}

// What one needs to know of a file who has nothing but the file.
std::map<std::string, std::string> metadata_of(const ExportSource& source,
                                               const std::string& track) {
  Array runs;
  for (const BagSummary& bag : source.bags()) {
    for (const RunRecord& run : bag.runs) {
      runs.emplace_back(Fields{{"bag", bag.path},
                               {"id", run.id},
                               {"start", run.start},
                               {"version", run.version},
                               {"host", run.host},
                               {"metadata", run.metadata}});
    }
  }
  std::map<std::string, std::string> metadata = {{"zbag.version", kZbagVersion},
                                                 {"zbag.track", track},
                                                 {"zbag.runs", text_of(std::move(runs))}};
  const Result<std::optional<Kind>> kind = source.kind_of(track);
  if (!kind) source.warn(kind.error().message + "; the file does not say what the fields mean");
  if (!kind || !*kind) return metadata;
  Fields units;
  for (const KindField& field : (*kind)->fields) {
    if (!field.unit.empty()) units.emplace_back(field.name, field.unit);
    for (const KindField::Alias& alias : field.also) {
      if (!alias.unit.empty()) units.emplace_back(alias.name, alias.unit);
    }
  }
  metadata["zbag.kind"] = (*kind)->name;
  metadata["zbag.units"] = text_of(std::move(units));
  return metadata;
}

class ParquetExporter : public Exporter {
 public:
  explicit ParquetExporter(ExportOptions options) : options_(std::move(options)) {}

  Status write(ExportSource& source) override {
    return options_.partition_by.empty() ? write_files(source) : write_tree(source);
  }

 private:
  Status write_files(ExportSource& source) {
    Result<TrackFiles> files = TrackFiles::plan(source, options_, kExtension);
    if (!files) return tl::unexpected(files.error());
    std::vector<std::string> tracks = source.track_names();
    if (tracks.empty() && !files->is_folder()) tracks.emplace_back();  // of the stamps alone
    for (const std::string& track : tracks) {
      const Result<OutputFile*> file = files->begin(track);
      if (!file) return tl::unexpected(file.error());
      if (Status written = write_track(source, track, (*file)->by_name()); !written) return written;
    }
    return files->publish();
  }
  Status write_tree(ExportSource& source) {
    Result<OutputTree> tree = OutputTree::create(options_.out, options_.existing);
    if (!tree) return tl::unexpected(tree.error());
    const std::vector<std::string>& by = options_.partition_by;
    const bool has_track = std::find(by.begin(), by.end(), "track") != by.end();
    for (const std::string& track : source.track_names()) {
      std::filesystem::path folder = tree->making();
      if (!has_track) folder /= track;
      std::error_code error;
      std::filesystem::create_directories(folder, error);
      if (error) return fail(ErrorCode::kIo, folder.string() + ": " + error.message());
      if (Status written = write_track(source, track, folder.string()); !written) return written;
    }
    return tree->publish();
  }

  Status write_track(ExportSource& source, const std::string& track, const std::string& path) {
    const Result<std::vector<ExportField>> fields = source.fields_of(track);
    if (!fields) return tl::unexpected(fields.error());
    const Result<Partitions> partitions =
        Partitions::of(options_.partition_by, source.bags(), track);
    if (!partitions) return tl::unexpected(partitions.error());
    Result<ParquetWriter> writer =
        ParquetWriter::open(path, columns_of(source, track, *fields, *partitions),
                            {.codec = codec(),
                             .level = options_.level,
                             .rows_of_group = rows_of_group(source, track),
                             .partition_by = options_.partition_by,
                             .metadata = metadata_of(source, track)});
    if (!writer) return tl::unexpected(writer.error());
    const Status read = source.each_chunk_of(track, *fields, [&](const ColumnChunk& chunk) {
      ColumnChunk rows = chunk;
      partitions->add_to(rows);
      return writer->append(std::move(rows));
    });
    return read ? writer->finish() : read;
  }

  static std::vector<TableColumn> columns_of(const ExportSource& source, const std::string& track,
                                             const std::vector<ExportField>& fields,
                                             const Partitions& partitions) {
    ColumnNames names;
    std::vector<TableColumn> columns = {
        {names.add("timestamp"), ColumnKind::kDouble, TableColumn::From::kSeconds}};
    if (!track.empty()) {
      columns.push_back({names.add("_ts_ns"), ColumnKind::kInt, TableColumn::From::kNanoseconds});
    }
    for (const std::string& name : partitions.names()) names.add(name);
    for (const ExportField& field : fields) {
      columns.push_back({names.add(field.column), field.kind});
      if (columns.back().name == field.column) continue;
      source.notice_of_name(track, field.column, columns.back().name);
    }
    for (const std::string& name : partitions.names()) columns.push_back({name, ColumnKind::kText});
    return columns;
  }

  // As many as are some megabytes: a group is in memory until it is written.
  static std::size_t rows_of_group(const ExportSource& source, const std::string& track) {
    const std::size_t rows_max = ParquetOptions().rows_of_group;
    const auto known = source.tracks().find(track);
    if (known == source.tracks().end() || known->second.bytes == 0) return rows_max;
    const std::uint64_t bytes_of_row =
        known->second.bytes / std::max<std::uint64_t>(1, known->second.total()) + 1;
    return std::clamp<std::uint64_t>(kGroupBytes / bytes_of_row, kGroupRowsMin, rows_max);
  }

  std::string codec() const {
    return options_.compression == "none" ? "uncompressed" : options_.compression;
  }

  ExportOptions options_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_parquet_exporter(const ExportOptions& options) {
  if (options.out == "-") {
    return fail(ErrorCode::kInvalid, "parquet is no text, which stdout is for; give it a name");
  }
  // Before anything is written.
  if (const Result<Partitions> known = Partitions::of(options.partition_by, {}, {}); !known)
    return tl::unexpected(known.error());
  return std::unique_ptr<Exporter>(std::make_unique<ParquetExporter>(options));
}

}  // namespace zbag
