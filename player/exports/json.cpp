// json: {"entries":[rows],"count":n} of one track; {"tracks":{name: that, ...}} of several in one
// file; a file each below a folder. Written as points come: memory is bounded by a row.

#include <utility>

#include "player/exports/row_text.hpp"
#include "player/exports/track_files.hpp"

namespace zbag {
namespace {

constexpr const char* kExtension = ".json";

// {"entries":[...],"count":n} of one track, behind what `line` holds.
Status write_entries(ExportSource& source, const std::string& track, RowText rows, FileText& line,
                     OutputFile& file) {
  std::uint64_t count = 0;
  line.text += "{\"entries\":[";
  Status written = source.each_point_of(track, [&](const PointView& point) -> Status {
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
  explicit JsonExporter(ExportOptions options) : options_(std::move(options)) {}

  Status write(ExportSource& source) override {
    const bool is_file = options_.out == "-" || options_.out.ends_with(kExtension);
    return is_file ? write_one(source) : write_folder(source);
  }

 private:
  Status write_one(ExportSource& source) {
    TrackFiles files = TrackFiles::one(options_);
    const Result<OutputFile*> file = files.begin({});
    if (!file) return tl::unexpected(file.error());
    FileText line;
    Status written = write_document(source, files.binaries(), line, **file);
    if (!written) return written;
    line.text += '\n';
    if (Status ended = line.write_to(**file); !ended) return ended;
    return files.publish();
  }
  static Status write_document(ExportSource& source, BinaryCells& binaries, FileText& line,
                               OutputFile& file) {
    const std::vector<std::string> tracks = source.track_names();
    if (tracks.empty()) line.text += "{\"entries\":[],\"count\":0}";
    if (tracks.size() == 1) {
      const std::string& track = tracks.front();
      return write_entries(source, track, RowText(source, track, binaries), line, file);
    }
    for (const std::string& track : tracks) {
      line.text += track == tracks.front() ? "{\"tracks\":{" : ",";
      write_json_text(track, line.text);
      line.text += ':';
      Status written =
          write_entries(source, track, RowText(source, track, binaries, track + '.'), line, file);
      if (!written) return written;
    }
    if (!tracks.empty()) line.text += "}}";
    return {};
  }
  Status write_folder(ExportSource& source) {
    Result<TrackFiles> files = TrackFiles::plan_folder(source, options_, kExtension);
    if (!files) return tl::unexpected(files.error());
    for (const std::string& track : source.track_names()) {
      const Result<OutputFile*> file = files->begin(track);
      if (!file) return tl::unexpected(file.error());
      FileText line;
      Status written =
          write_entries(source, track, RowText(source, track, files->binaries()), line, **file);
      if (!written) return written;
      line.text += '\n';
      if (Status ended = line.write_to(**file); !ended) return ended;
    }
    return files->publish();
  }

  ExportOptions options_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_json_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<JsonExporter>(options));
}

}  // namespace zbag
