// csv: RFC 4180, a file a track: `timestamp`, then a column for every field of the track. What a
// point does not have is empty, an empty text is "", a NaN is nan; lists are JSON.

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "player/columns/cells.hpp"
#include "player/exports/track_files.hpp"
#include "schemas/csv_text.hpp"
#include "schemas/json_text.hpp"
#include "schemas/shortest_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kExtension = ".csv";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kTextBytesMax = 256u << 10;  // before it goes to the file

// The lines of one track.
class CsvLines {
 public:
  CsvLines(const std::vector<ExportField>& fields, OutputFile& file, BinaryCells& binaries)
      : fields_(fields), file_(file), binaries_(binaries) {}

  Status write_head() {
    text_ += "timestamp";
    for (const ExportField& field : fields_) {
      text_ += ',';
      append_csv_field(field.column, text_);
    }
    text_ += kLineEnd;
    return write_out();
  }

  Status write(const ColumnChunk& chunk) {
    std::vector<Cells> columns(chunk.fields.begin(), chunk.fields.end());
    for (const double seconds : chunk.seconds) {
      append_shortest(seconds, text_);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        text_ += ',';
        const Cell cell = columns[i].next();
        if (cell.is_absent()) continue;
        if (Status added = append(cell, fields_[i]); !added) return added;
      }
      text_ += kLineEnd;
      ++row_;
      const bool is_enough = text_.size() >= kTextBytesMax;
      if (Status written = is_enough ? write_out() : Status(); !written) return written;
    }
    return write_out();
  }

 private:
  Status append(const Cell& cell, const ExportField& field) {
    if (field.kind == ColumnKind::kJson) return append_json(cell);
    switch (cell.type()) {
      case ColumnType::kFloat32:
      case ColumnType::kFloat64:
        append_shortest(cell.number(), text_);
        return {};
      case ColumnType::kInt:
        if (cell.is_above_int64()) {
          append_shortest(static_cast<std::uint64_t>(cell.integer()), text_);
        } else {
          append_shortest(cell.integer(), text_);
        }
        return {};
      case ColumnType::kBool:
        text_ += cell.boolean() ? "true" : "false";
        return {};
      case ColumnType::kText:
        if (!is_utf8(cell.bytes())) return append_json(cell);
        append_csv_field(cell.bytes(), text_);
        return {};
      case ColumnType::kBinary: {
        const Result<std::string> text = binaries_.text_of(field.column, row_, cell.bytes());
        if (!text) return tl::unexpected(text.error());
        append_csv_field(*text, text_);
        return {};
      }
      default:
        return append_json(cell);
    }
  }
  Status append_json(const Cell& cell) {
    json_.clear();
    cell.append_json(json_);
    append_csv_field(json_, text_);
    return {};
  }
  Status write_out() {
    Status written = file_.write(text_);
    text_.clear();
    return written;
  }

  const std::vector<ExportField>& fields_;
  OutputFile& file_;
  BinaryCells& binaries_;
  std::string text_;
  std::string json_;  // of a cell
  std::uint64_t row_ = 0;
};

class CsvExporter : public Exporter {
 public:
  explicit CsvExporter(ExportOptions options) : options_(std::move(options)) {}

  Status write(ExportSource& source) override {
    Result<TrackFiles> files = TrackFiles::plan(source, options_, kExtension);
    if (!files) return tl::unexpected(files.error());
    std::vector<std::string> tracks = source.track_names();
    if (tracks.empty() && !files->is_folder()) tracks.emplace_back();  // the head alone
    for (const std::string& track : tracks) {
      const Result<OutputFile*> file = files->begin(track);
      if (!file) return tl::unexpected(file.error());
      Status written = write_track(source, track, **file, files->binaries());
      if (!written) return written;
    }
    return files->publish();
  }

 private:
  static Status write_track(ExportSource& source, const std::string& track, OutputFile& file,
                            BinaryCells& binaries) {
    const Result<std::vector<ExportField>> fields = source.fields_of(track);
    if (!fields) return tl::unexpected(fields.error());
    CsvLines lines(*fields, file, binaries);
    if (Status written = lines.write_head(); !written) return written;
    return source.each_chunk_of(track, *fields,
                                [&](const ColumnChunk& chunk) { return lines.write(chunk); });
  }

  ExportOptions options_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_csv_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<CsvExporter>(options));
}

}  // namespace zbag
