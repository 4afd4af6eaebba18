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

// As ROS has them, in front of which import takes the slash off.
McapChoice::Topics ros_topics_of(const ExportSource& source) {
  McapChoice::Topics topics;
  for (const std::string& track : source.track_names()) topics.emplace(track, "/" + track);
  return topics;
}

// Readers of ROS take a file of no other profile than theirs.
McapChoice choice_of(MessageEncoding encoding) {
  McapChoice choice{.encoding = encoding};
  if (encoding != MessageEncoding::kCdr) return choice;
  choice.profile = "ros2";
  choice.topics = ros_topics_of;
  return choice;
}

class McapExporter : public Exporter {
 public:
  explicit McapExporter(const ExportOptions& options)
      : out_(options.out),
        existing_(options.existing),
        choice_(choice_of(encoding_of(options.encoding))),
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
