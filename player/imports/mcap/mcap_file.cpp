#include "player/imports/mcap/mcap_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "player/imports/input_file.hpp"
#include "player/imports/mcap/crc32.hpp"
#include "player/imports/mcap/mcap_content.hpp"
#include "player/imports/messages/message_track.hpp"
#include "player/imports/unpack.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// A chunk of the largest size, and what is said of it.
constexpr std::uint64_t kRecordMax = kUnpackedMax + (64u << 10);
// Of all channels together: what is made of a schema takes some times its text.
constexpr std::size_t kSchemaBytesMax = 64u << 20;
constexpr std::size_t kMetadataMax = 1'000;
constexpr std::size_t kMetadataBytesMax = 4u << 20;  // of all records together

class McapFile : public FormatReader {
 public:
  McapFile(InputFile file, ImportOptions options, bool is_packed)
      : file_(std::move(file)), options_(std::move(options)), is_packed_(is_packed) {}

  Status read(ImportSink& sink) override {
    while (true) {
      if (!sink.goes_on()) return fail(ErrorCode::kClosed, file_.path() + ": stopped");
      if (file_.left() == 0) return damaged("the file is cut off: it has no end");
      const std::uint64_t begin = file_.at();
      std::uint8_t opcode = 0;
      std::uint64_t size = 0;
      Status got = file_.read_number(opcode);
      if (got) got = file_.read_number(size);
      if (!got) return got;
      const auto op = static_cast<McapOpcode>(opcode);
      if (op == McapOpcode::kDataEnd) return has_chunks_ ? Status() : check_data(begin);
      if (op == McapOpcode::kFooter) return {};
      if (Status taken = read_record(op, size, sink); !taken) return taken;
    }
  }

  std::string place() const override {
    return topic_.empty()
               ? fmt::format("{}: message {}", file_.path(), messages_)
               : fmt::format("{}: message {}, of {}", file_.path(), messages_, printable(topic_));
  }
  std::optional<double> share() const override { return file_.share(); }

 private:
  struct Schema {
    std::string name;
    std::string encoding;
    std::string text;
  };
  struct Channel {
    std::string topic;
    MessageTrack track;
  };

  Status read_record(McapOpcode op, std::uint64_t size, ImportSink& sink) {
    const bool is_read = op == McapOpcode::kSchema || op == McapOpcode::kChannel ||
                         op == McapOpcode::kMessage || op == McapOpcode::kChunk ||
                         op == McapOpcode::kAttachment || op == McapOpcode::kMetadata;
    if (!is_read) return file_.skip(size);
    const bool is_cut = size > file_.left();
    if (is_cut && op == McapOpcode::kChunk) return read_cut_chunk(sink);
    if (!is_cut && size > kRecordMax) {
      sink.refuse(fmt::format("{}: at byte {}: a record of {} bytes, where {} are the most",
                              file_.path(), file_.at(), size, kRecordMax));
      return file_.skip(size);
    }
    if (Status got = file_.read(size, kRecordMax, record_); !got) return got;
    if (op == McapOpcode::kChunk) return take_chunk(sink);
    return take_record(op, record_, sink);
  }

  Status take_record(McapOpcode op, std::span<const std::uint8_t> content, ImportSink& sink) {
    switch (op) {
      case McapOpcode::kSchema:
        return take_schema(content);
      case McapOpcode::kChannel:
        return take_channel(content);
      case McapOpcode::kMessage:
        return take_message(content, sink);
      case McapOpcode::kAttachment:
        return take_attachment(content, sink);
      case McapOpcode::kMetadata:
        return take_metadata(content, sink);
      default:
        return {};
    }
  }

  // Of a file without chunks, which have checksums of their own, one is of all that it holds up to
  // `end`, where the record of the sum is at hand.
  Status check_data(std::uint64_t end) {
    constexpr std::uint64_t kPiece = 1u << 20;
    std::uint32_t wanted = 0;
    if (Status got = file_.read_number(wanted); !got || wanted == 0) return got;
    if (Status got = file_.seek(0); !got) return got;
    std::uint32_t sum = 0;
    while (file_.at() < end) {
      const std::uint64_t size = std::min(kPiece, end - file_.at());
      if (Status got = file_.read(size, kPiece, record_); !got) return got;
      sum = crc32(text_of(record_), sum);
    }
    return sum == wanted ? Status()
                         : damaged(
                               "its checksum is of other data: messages may be others than were "
                               "recorded");
  }

  // One that is damaged costs its messages.
  Status take_chunk(ImportSink& sink) {
    has_chunks_ = true;
    const std::optional<McapChunk> chunk = read_mcap_chunk(record_);
    if (!chunk || chunk->packed.size() < chunk->packed_size)
      return lose_chunk("it is shorter than it says", sink);
    if (Status plain = unpack(chunk->compression, chunk->packed, chunk->size, chunk_); !plain) {
      if (plain.error().code == ErrorCode::kUnsupported)
        return file_.fault(plain.error().code, plain.error().message);
      return lose_chunk(plain.error().message, sink);
    }
    if (chunk->crc != 0 && chunk->crc != crc32(text_of(chunk_)))
      return lose_chunk("its checksum is of other bytes", sink);
    ByteInput in(chunk_);
    if (Status taken = take_records(in, sink); !taken) return taken;
    return in.left() == 0 ? Status() : lose_chunk("it ends within a record", sink);
  }

  // The end of a file that was not finished: of a chunk that is not compressed, what is there of it
  // is read.
  Status read_cut_chunk(ImportSink& sink) {
    const std::uint64_t rest = file_.left();
    if (rest <= kRecordMax) {
      if (Status got = file_.read(rest, kRecordMax, record_); !got) return got;
      const std::optional<McapChunk> chunk = read_mcap_chunk(record_);
      if (chunk && chunk->compression.empty()) {
        ByteInput in(chunk->packed);
        if (Status taken = take_records(in, sink); !taken) return taken;
      }
    }
    return damaged("the file is cut off");
  }

  Status take_records(ByteInput& in, ImportSink& sink) {
    ByteInput ahead = in;
    while (const std::optional<McapRecordView> record = take_mcap_record(ahead)) {
      if (Status taken = take_record(record->opcode, record->content, sink); !taken) return taken;
      in = ahead;
    }
    return {};
  }

  Status lose_chunk(const std::string& why, ImportSink& sink) {
    sink.refuse(fmt::format("{}: the chunk before byte {}: {}: what follows in it is left out",
                            file_.path(), file_.at(), why));
    return learn_from_summary();
  }

  // What a chunk that is lost has said of channels, the end of the file says again, if it has one.
  Status learn_from_summary() {
    if (std::exchange(has_learnt_, true)) return {};
    const std::uint64_t here = file_.at();
    Status learnt = read_summary();
    const bool is_known = learnt || learnt.error().code == ErrorCode::kDamaged;
    if (Status back = file_.seek(here); !back) return back;
    return is_known ? Status() : learnt;
  }

  Status read_summary() {
    constexpr std::uint64_t kFooterBytes = 1 + 8 + 8 + 8 + 4;
    const std::uint64_t end_bytes = kFooterBytes + kMcapMagic.size();
    if (file_.size() < end_bytes) return {};
    std::uint8_t opcode = 0;
    std::uint64_t size = 0;
    std::uint64_t start = 0;
    Status got = file_.seek(file_.size() - end_bytes);
    if (got) got = file_.read_number(opcode);
    if (got) got = file_.read_number(size);
    if (got) got = file_.read_number(start);
    const bool has_summary = static_cast<McapOpcode>(opcode) == McapOpcode::kFooter && start != 0;
    if (!got || !has_summary) return got;
    got = file_.seek(start);
    Bytes content;
    while (got) {
      got = file_.read_number(opcode);
      if (got) got = file_.read_number(size);
      const auto op = static_cast<McapOpcode>(opcode);
      if (!got || op == McapOpcode::kFooter) return got;
      const bool is_read = op == McapOpcode::kSchema || op == McapOpcode::kChannel;
      got = is_read ? file_.read(size, kSchemaBytesMax, content) : file_.skip(size);
      if (got && op == McapOpcode::kSchema) got = take_schema(content);
      if (got && op == McapOpcode::kChannel) got = take_channel(content);
    }
    return got;
  }

  // One that is there already, as in the summary, stays as it is.
  Status take_schema(std::span<const std::uint8_t> content) {
    const std::optional<McapSchema> schema = read_mcap_schema(content);
    if (!schema) return damaged("a schema that is shorter than it says");
    if (schemas_.contains(schema->id)) return {};
    if (Status fits = count_schema(*schema); !fits) return fits;
    schemas_[schema->id] = {std::string(schema->name), std::string(schema->encoding),
                            std::string(schema->text)};
    return {};
  }

  Status take_channel(std::span<const std::uint8_t> content) {
    const std::optional<McapChannel> channel = read_mcap_channel(content);
    if (!channel) return damaged("a channel that is shorter than it says");
    if (const auto known = channels_.find(channel->id); known != channels_.end()) {
      if (known->second.topic == channel->topic) return {};
      return damaged("a channel that was of another topic before");
    }
    // The topic is kept twice.
    std::size_t bytes = 2 * channel->topic.size() + channel->encoding.size();
    for (const auto& [name, text] : channel->metadata) bytes += name.size() + text.size();
    if (Status fits = count_schema_bytes(bytes); !fits) return fits;
    OriginalSchema original{.messages = std::string(channel->encoding)};
    for (const auto& [name, text] : channel->metadata) original.metadata.emplace(name, text);
    if (const auto schema = schemas_.find(channel->schema); schema != schemas_.end()) {
      if (Status fits = count_schema(schema->second); !fits) return fits;
      original.name = schema->second.name;
      original.encoding = schema->second.encoding;
      original.text = schema->second.text;
    }
    const std::string topic(channel->topic);
    channels_.try_emplace(channel->id, Channel{topic, MessageTrack(topic, std::move(original),
                                                                   options_, is_packed_)});
    return {};
  }

  template <class OneSchema>
  Status count_schema(const OneSchema& schema) {
    return count_schema_bytes(schema.name.size() + schema.encoding.size() + schema.text.size());
  }
  Status count_schema_bytes(std::size_t bytes) {
    schema_bytes_ += bytes;
    return schema_bytes_ > kSchemaBytesMax ? damaged("schemas and names of more than 64 MiB")
                                           : Status();
  }

  Status take_message(std::span<const std::uint8_t> content, ImportSink& sink) {
    ++messages_;
    topic_.clear();
    const std::optional<McapMessage> message = read_mcap_message(content);
    if (!message) {
      sink.refuse(place() + ": a message without a channel or a time");
      return {};
    }
    const auto channel = channels_.find(message->channel);
    if (channel == channels_.end()) {
      sink.refuse(fmt::format("{}: it is of channel {}, of which nothing is said", place(),
                              message->channel));
      return {};
    }
    topic_ = channel->second.topic;
    const auto log_ns = static_cast<std::int64_t>(message->log_ns);
    const auto publish_ns = static_cast<std::int64_t>(message->publish_ns);
    if (log_ns < 0 || publish_ns < 0) {
      sink.refuse(place() + ": it is of a time behind the year 2262");
      return {};
    }
    return channel->second.track.take(message->data, {log_ns, publish_ns}, *this, sink);
  }

  Status take_attachment(std::span<const std::uint8_t> content, ImportSink& sink) {
    const std::optional<McapAttachment> attachment = read_mcap_attachment(content);
    if (!attachment) {
      sink.refuse(file_.path() + ": an attachment that is shorter than it says");
      return {};
    }
    if (!attachment->is_whole) {
      sink.refuse(fmt::format("{}: attachment {}: its checksum is of other bytes", file_.path(),
                              printable(attachment->name)));
      return {};
    }
    return sink.attach(attachment->name, text_of(attachment->data));
  }

  // Of several records of one name, the second is called `name.2`, and so on.
  Status take_metadata(std::span<const std::uint8_t> content, ImportSink& sink) {
    metadata_bytes_ += content.size();
    if (++metadata_ > kMetadataMax || metadata_bytes_ > kMetadataBytesMax) {
      sink.leave_out(fmt::format("{}: of metadata, {} records of 4 MiB in all are kept",
                                 file_.path(), kMetadataMax));
      return {};
    }
    const std::optional<McapMetadata> metadata = read_mcap_metadata(content);
    if (!metadata) {
      sink.refuse(file_.path() + ": metadata that are shorter than they say");
      return {};
    }
    Fields fields;
    for (const auto& [name, text] : metadata->texts) fields.emplace_back(name, Value(text));
    std::string name(metadata->name);
    if (const std::size_t times = ++metadata_names_[name]; times > 1)
      name += fmt::format(".{}", times);
    sink.describe(name, Value(std::move(fields)));
    return {};
  }

  tl::unexpected<Error> damaged(const char* what) const {
    return file_.fault(ErrorCode::kDamaged, what);
  }

  InputFile file_;
  const ImportOptions options_;
  const bool is_packed_;
  std::map<std::uint16_t, Schema> schemas_;
  std::map<std::uint16_t, Channel> channels_;
  std::map<std::string, std::size_t> metadata_names_;
  std::size_t metadata_ = 0;
  std::size_t metadata_bytes_ = 0;
  std::size_t schema_bytes_ = 0;
  bool has_learnt_ = false;
  bool has_chunks_ = false;
  Bytes record_;
  Bytes chunk_;
  std::string topic_;  // of the message that was read last
  std::uint64_t messages_ = 0;
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_mcap_file(const std::string& path,
                                                     const std::string& name,
                                                     const ImportOptions& options, bool is_packed) {
  Result<InputFile> file = InputFile::open(path, name);
  if (!file) return tl::unexpected(file.error());
  Bytes begin;
  const std::uint64_t size = std::min<std::uint64_t>(kMcapMagic.size(), file->left());
  if (Status got = file->read(size, size, begin); !got) return tl::unexpected(got.error());
  if (text_of(begin) == kMcapMagic)
    return std::make_unique<McapFile>(std::move(*file), options, is_packed);
  const bool is_other = text_of(begin).starts_with(kMcapMagic.substr(0, 5));
  return fail(is_other ? ErrorCode::kUnsupported : ErrorCode::kDamaged,
              name + (is_other ? ": an MCAP file of another version than 0" : ": no MCAP file"));
}

Result<std::unique_ptr<FormatReader>> open_mcap(const FoundRecording& recording,
                                                const ImportOptions& options) {
  return open_mcap_file(recording.path, recording.path, options, false);
}

}  // namespace zbag
