// Writes an MCAP file (the container of Foxglove and ROS 2): compressed chunks of messages, with
// CRCs, message indexes, and a summary that readers seek by. Front to back, so that it streams.
//
//   McapWriter mcap(file, {.profile = "ros2"}, std::move(compressor));
//   const std::uint16_t schema = mcap.add_schema("imu", "jsonschema", text);
//   const std::uint16_t channel = mcap.add_channel({.topic = "imu", .encoding = "json"}, schema);
//   mcap.add_message(channel, stamp, "{}"); ...
//   mcap.finish();
//
// Chunks end at 1 MiB, and are never above 4 MiB but of one message that is. Memory: a chunk, and
// of each chunk written some bytes a channel in it. The file is lent. Not thread-safe. Errors:
// those of the file; kUnsupported: more than 65,535 channels or schemas.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "player/exports/mcap/chunk_compressor.hpp"
#include "player/exports/mcap/mcap_record.hpp"
#include "player/exports/output_file.hpp"
#include "schemas/result.hpp"

namespace zbag {

class McapWriter {
 public:
  static constexpr std::size_t kChunkBytes = 1u << 20;
  static constexpr std::size_t kChunkBytesMax = 4u << 20;

  McapWriter(OutputFile& file, std::string_view profile, ChunkCompressor compressor);

  struct Channel {
    std::string topic;
    std::string encoding;
    McapTexts metadata = {};
  };
  struct Attachment {
    std::uint64_t time_ns = 0;
    std::string name;
    std::string media_type;
  };

  // Ids count from 1. What no message follows is in the summary alone.
  Result<std::uint16_t> add_schema(std::string_view name, std::string_view encoding,
                                   std::string_view text);
  Result<std::uint16_t> add_channel(const Channel& channel, std::uint16_t schema);
  // Messages of a channel are numbered from 0. Any order of time.
  Status add_message(std::uint16_t channel, std::uint64_t log_ns, std::string_view content) {
    return add_message(channel, log_ns, content, log_ns);
  }
  Status add_message(std::uint16_t channel, std::uint64_t log_ns, std::string_view content,
                     std::uint64_t publish_ns);
  Status add_metadata(std::string_view name, const McapTexts& texts);
  Status add_attachment(const Attachment& attachment, std::string_view content);
  // The summary; nothing can be added any more.
  Status finish();

 private:
  struct ChunkTimes {
    std::uint64_t first = UINT64_MAX;
    std::uint64_t last = 0;
  };
  Status write(std::string_view bytes);
  Status end_chunk();
  Status write_message_indexes(std::string& index_offsets);
  Status write_summary();
  std::string statistics() const;

  OutputFile& file_;
  ChunkCompressor compressor_;
  std::uint64_t offset_ = 0;  // of what is written next
  std::uint32_t crc_ = 0;     // of all that is written
  Status begun_;

  // Schemas and channels that no chunk has yet: the next message takes them along.
  std::string declared_;
  std::string chunk_;
  ChunkTimes chunk_times_;
  std::map<std::uint16_t, std::string> message_indexes_;  // of the chunk, by channel
  std::string compressed_;

  // Of the summary, as records.
  std::string schemas_;
  std::string channels_;
  std::string chunk_indexes_;
  std::string attachment_indexes_;
  std::string metadata_indexes_;

  std::uint16_t schema_count_ = 0;
  std::uint32_t attachment_count_ = 0;
  std::uint32_t metadata_count_ = 0;
  std::uint32_t chunk_count_ = 0;
  std::vector<std::uint32_t> message_counts_;  // by channel, the first of id 1
  ChunkTimes times_;
};

}  // namespace zbag
