// mcap: one file, a channel a track, for Foxglove, Lichtblick, PlotJuggler and ROS 2.

#include <utility>

#include "player/exports/exporter.hpp"
#include "player/exports/mcap/mcap_recording.hpp"

namespace zbag {
namespace {

MessageEncoding encoding_of(const std::string& name) {
  for (const MessageEncoding encoding : {MessageEncoding::kMsgpack, MessageEncoding::kCdr}) {
    if (name == name_of(encoding)) return encoding;
  }
  return MessageEncoding::kJson;
}

class McapExporter : public Exporter {
 public:
  explicit McapExporter(const ExportOptions& options)
      : out_(options.out),
        existing_(options.existing),
        choice_{.encoding = encoding_of(options.encoding), .by_original = true},
        compressor_(options.compression, options.level) {}

  Status write(ExportSource& source) override {
    Result<OutputFile> file = OutputFile::create(out_, existing_);
    if (!file) return tl::unexpected(file.error());
    const auto written = write_mcap(source, choice_, std::move(compressor_), *file);
    if (!written) return tl::unexpected(written.error());
    if (Status finished = file->finish(); !finished) return finished;
    return file->publish();
  }

 private:
  std::string out_;
  Existing existing_;
  McapChoice choice_;
  ChunkCompressor compressor_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_mcap_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<McapExporter>(options));
}

}  // namespace zbag
