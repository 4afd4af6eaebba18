// json: {"entries":[rows],"count":n} of one track; {"tracks":{name: that, ...}} of several in one
// file; a file each below a folder. Written as points come: memory is bounded by a row.

#include <utility>

#include "player/exports/exporter.hpp"
#include "player/exports/row_text.hpp"
#include "player/exports/track_files.hpp"

namespace zbag {
namespace {

constexpr const char* kExtension = ".json";

// {"entries":[...],"count":n} of one track, behind what `line` holds.
Status write_entries(ExportSource& source, const std::string& track, FileText& line,
                     OutputFile& file) {
  RowText rows(source, track);
  std::uint64_t count = 0;
  line.text += "{\"entries\":[";
  const Status written = source.each_point_of(track, [&](const PointView& point) -> Status {
    if (count > 0) line.text += ',';
    ++count;
    if (Status row = rows.append(point, line, file); !row) return row;
    return line.write_much_to(file);
  });
  line.text += "],\"count\":" + std::to_string(count) + "}";
  return written;
}

class JsonExporter : public Exporter {
 public:
  explicit JsonExporter(const ExportOptions& options)
      : out_(options.out), existing_(options.existing) {}

  Status write(ExportSource& source) override {
    return out_ == "-" || out_.ends_with(kExtension) ? write_one(source) : write_folder(source);
  }

 private:
  Status write_one(ExportSource& source) {
    Result<OutputFile> file = OutputFile::create(out_, existing_);
    if (!file) return tl::unexpected(file.error());
    FileText line;
    if (Status written = write_document(source, line, *file); !written) return written;
    line.text += '\n';
    if (Status written = line.write_to(*file); !written) return written;
    if (Status finished = file->finish(); !finished) return finished;
    return file->publish();
  }
  static Status write_document(ExportSource& source, FileText& line, OutputFile& file) {
    const std::vector<std::string> tracks = source.track_names();
    if (tracks.empty()) line.text += "{\"entries\":[],\"count\":0}";
    if (tracks.size() == 1) return write_entries(source, tracks.front(), line, file);
    for (const std::string& track : tracks) {
      line.text += track == tracks.front() ? "{\"tracks\":{" : ",";
      write_json_text(track, line.text);
      line.text += ':';
      if (Status written = write_entries(source, track, line, file); !written) return written;
    }
    if (!tracks.empty()) line.text += "}}";
    return {};
  }
  Status write_folder(ExportSource& source) {
    Result<TrackFiles> files = TrackFiles::plan_folder(source, out_, kExtension, existing_);
    if (!files) return tl::unexpected(files.error());
    for (const std::string& track : source.track_names()) {
      const Result<OutputFile*> file = files->begin(track);
      if (!file) return tl::unexpected(file.error());
      FileText line;
      if (Status written = write_entries(source, track, line, **file); !written) return written;
      line.text += '\n';
      if (Status written = line.write_to(**file); !written) return written;
    }
    return files->publish();
  }

  std::string out_;
  Existing existing_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_json_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<JsonExporter>(options));
}

}  // namespace zbag
