// rosbag2: a folder with an MCAP file of ROS 2 messages and the metadata.yaml of rosbag2, for
// `ros2 bag play`: of tracks from ROS as they were, of others by their kind.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <set>
#include <utility>

#include "player/columns/unused_name.hpp"
#include "player/exports/exporter.hpp"
#include "player/exports/mcap/mcap_recording.hpp"
#include "player/exports/output_tree.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

constexpr const char* kRecording = "recording_0.mcap";

// A name that ROS lets a topic have: absolute, of tokens of letters, digits and '_' that begin with
// no digit.
std::string topic_of(const std::string& track) {
  std::string topic = "/";
  for (const char c : track) {
    const bool begins_token = topic.back() == '/';
    if (c == '/' && begins_token) continue;
    if (begins_token && std::isdigit(static_cast<unsigned char>(c)) != 0) topic += '_';
    topic += c == '/' || std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  }
  if (topic.ends_with('/')) topic += '_';
  return topic;
}

// A text of YAML in YAML: as JSON has it, which is the same.
std::string quoted(const std::string& text) {
  std::string json;
  write_json(Value(text), json);
  return json;
}

std::string topics_text(const McapContents& contents) {
  std::string text;
  for (const auto& [track, topic] : contents.topics) {
    text += fmt::format(R"(    - topic_metadata:
        name: {}
        type: {}
        serialization_format: cdr
        offered_qos_profiles: {}
      message_count: {}
)",
                        topic.name, topic.type, quoted(topic.qos), topic.messages);
  }
  return text.empty() ? " []\n" : "\n" + text;
}

std::string metadata_text(const McapContents& contents) {
  const std::uint64_t duration = contents.last_ns - contents.first_ns;
  return fmt::format(R"(rosbag2_bagfile_information:
  version: 5
  storage_identifier: mcap
  duration:
    nanoseconds: {0}
  starting_time:
    nanoseconds_since_epoch: {1}
  message_count: {2}
  topics_with_message_count:{4}  compression_format: ""
  compression_mode: ""
  relative_file_paths:
    - {3}
  files:
    - path: {3}
      starting_time:
        nanoseconds_since_epoch: {1}
      duration:
        nanoseconds: {0}
      message_count: {2}
)",
                     duration, contents.first_ns, contents.messages, kRecording,
                     topics_text(contents));
}

class Rosbag2Exporter : public Exporter {
 public:
  explicit Rosbag2Exporter(const ExportOptions& options)
      : out_(options.out),
        existing_(options.existing),
        compressor_(options.compression, options.level) {}

  Status write(ExportSource& source) override {
    Result<OutputTree> tree = OutputTree::create(out_, existing_);
    if (!tree) return tl::unexpected(tree.error());
    Result<OutputFile> file = OutputFile::create(tree->making() + "/" + kRecording);
    if (!file) return tl::unexpected(file.error());
    const McapChoice choice{.encoding = MessageEncoding::kCdr,
                            .form = RosForm::kForRos2,
                            .profile = "ros2",
                            .topics = topics_of};
    const auto contents = write_mcap(source, choice, std::move(compressor_), *file);
    if (!contents) return tl::unexpected(contents.error());
    if (Status finished = file->finish(); !finished) return finished;
    if (Status published = file->publish(); !published) return published;
    if (Status written = write_metadata(*tree, *contents); !written) return written;
    return tree->publish();
  }

 private:
  static std::map<std::string, std::string> topics_of(const ExportSource& source) {
    std::map<std::string, std::string> topics;
    std::set<std::string> used;
    for (const std::string& track : source.track_names()) {
      std::string topic = unused_name(topic_of(track), used);
      if (topic != "/" + track)
        source.notice("tracks under other names, as ROS names topics",
                      fmt::format("{} is {}", printable(track), topic));
      topics.emplace(track, std::move(topic));
    }
    return topics;
  }

  static Status write_metadata(const OutputTree& tree, const McapContents& contents) {
    Result<OutputFile> file = OutputFile::create(tree.making() + "/metadata.yaml");
    if (!file) return tl::unexpected(file.error());
    if (Status written = file->write(metadata_text(contents)); !written) return written;
    if (Status finished = file->finish(); !finished) return finished;
    return file->publish();
  }

  std::string out_;
  Existing existing_;
  ChunkCompressor compressor_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_rosbag2_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<Rosbag2Exporter>(options));
}

}  // namespace zbag
