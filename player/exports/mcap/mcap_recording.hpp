// The chosen points of some bags as an MCAP file: a channel a track, what the bags say of
// themselves as metadata, their small files as attachments.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "player/exports/export_source.hpp"
#include "player/exports/mcap/chunk_compressor.hpp"
#include "player/exports/messages/track_messages.hpp"
#include "player/exports/output_file.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct McapChoice {
  MessageEncoding encoding = MessageEncoding::kJson;
  RosForm form = RosForm::kAsItWas;  // of cdr
  std::string profile = {};
  // What topics are called, by track; a track that is not in it has its own name.
  using Topics = std::map<std::string, std::string>;
  std::function<Topics(const ExportSource&)> topics = {};
};

// What was written.
struct McapContents {
  struct Topic {
    std::string name;
    std::string type;
    std::string qos;  // offered_qos_profiles, as they were; "": nobody knows
    std::uint64_t messages = 0;
  };
  std::map<std::string, Topic> topics;  // by track; those with messages
  std::uint64_t messages = 0;
  std::uint64_t first_ns = 0;  // when they were recorded
  std::uint64_t last_ns = 0;
};

// `file` is written, but not finished. MCAP knows no times before 1970: points from then are given
// that of its first nanosecond, which is noted. A track that nothing can be made of in the encoding
// is left out with a warning; kUnsupported: all of them are such. Others as Exporter::write().
Result<McapContents> write_mcap(ExportSource& source, const McapChoice& choice,
                                ChunkCompressor compressor, OutputFile& file);

}  // namespace zbag
