#include "player/exports/mcap/mcap_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "player/imports/mcap/crc32.hpp"
#include "recorder/bag/records/layout.hpp"

namespace zbag {
namespace {

constexpr std::size_t kIdsMax = 65'535;

tl::unexpected<Error> too_many(const char* what) {
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("an MCAP file has at most {} {}: choose tracks with --track", kIdsMax, what));
}

}  // namespace

McapWriter::McapWriter(OutputFile& file, std::string_view profile, ChunkCompressor compressor)
    : file_(file), compressor_(std::move(compressor)) {
  std::string head(kMcapMagic);
  McapRecord(McapOpcode::kHeader, head)
      .text(profile)
      .text(fmt::format("zbag {}", kZbagVersion))
      .close();
  begun_ = write(head);
}

Status McapWriter::write(std::string_view bytes) {
  crc_ = crc32(bytes, crc_);
  offset_ += bytes.size();
  return file_.write(bytes);
}

Result<std::uint16_t> McapWriter::add_schema(std::string_view name, std::string_view encoding,
                                             std::string_view text) {
  if (schema_count_ == kIdsMax) return too_many("schemas");
  const std::size_t start = schemas_.size();
  McapRecord(McapOpcode::kSchema, schemas_)
      .number(++schema_count_)
      .text(name)
      .text(encoding)
      .text(text)
      .close();
  declared_ += std::string_view(schemas_).substr(start);
  return schema_count_;
}

Result<std::uint16_t> McapWriter::add_channel(const Channel& channel, std::uint16_t schema) {
  if (message_counts_.size() == kIdsMax) return too_many("channels");
  message_counts_.push_back(0);
  const auto id = static_cast<std::uint16_t>(message_counts_.size());
  const std::size_t start = channels_.size();
  McapRecord(McapOpcode::kChannel, channels_)
      .number(id)
      .number(schema)
      .text(channel.topic)
      .text(channel.encoding)
      .texts(channel.metadata)
      .close();
  declared_ += std::string_view(channels_).substr(start);
  return id;
}

Status McapWriter::add_message(std::uint16_t channel, std::uint64_t log_ns,
                               std::string_view content, std::uint64_t publish_ns) {
  constexpr std::size_t kHeadBytes = McapRecord::kHeadBytes + 22;
  const std::size_t bytes = declared_.size() + kHeadBytes + content.size();
  if (chunk_.size() + bytes > kChunkBytesMax) {
    if (Status ended = end_chunk(); !ended) return ended;
  }
  chunk_ += std::exchange(declared_, {});
  std::string& index = message_indexes_[channel];
  const auto add_to_index = [&](std::uint64_t number) {
    index.append(reinterpret_cast<const char*>(&number), sizeof number);
  };
  add_to_index(log_ns);
  add_to_index(chunk_.size());
  McapRecord(McapOpcode::kMessage, chunk_)
      .number(channel)
      .number(message_counts_[channel - 1u]++)
      .number(log_ns)
      .number(publish_ns)
      .bytes(content)
      .close();
  chunk_times_.first = std::min(chunk_times_.first, log_ns);
  chunk_times_.last = std::max(chunk_times_.last, log_ns);
  return chunk_.size() >= kChunkBytes ? end_chunk() : Status();
}

// One without messages is never written: its time would be 1970.
Status McapWriter::end_chunk() {
  if (message_indexes_.empty()) return {};
  const bool is_compressed = compressor_.compress(chunk_, compressed_);
  const std::string_view name = is_compressed ? compressor_.name() : std::string_view();
  const std::string_view content = is_compressed ? compressed_ : chunk_;
  const std::uint64_t start = offset_;
  std::string head;
  McapRecord(McapOpcode::kChunk, head)
      .number(chunk_times_.first)
      .number(chunk_times_.last)
      .number(std::uint64_t{chunk_.size()})
      .number(crc32(chunk_))
      .text(name)
      .number(std::uint64_t{content.size()})
      .close(content.size());
  if (Status written = write(head); !written) return written;
  if (Status written = write(content); !written) return written;
  const std::uint64_t end = offset_;
  std::string index_offsets;
  if (Status written = write_message_indexes(index_offsets); !written) return written;
  McapRecord(McapOpcode::kChunkIndex, chunk_indexes_)
      .number(chunk_times_.first)
      .number(chunk_times_.last)
      .number(start)
      .number(end - start)
      .text(index_offsets)
      .number(offset_ - end)
      .text(name)
      .number(std::uint64_t{content.size()})
      .number(std::uint64_t{chunk_.size()})
      .close();
  ++chunk_count_;
  times_.first = std::min(times_.first, chunk_times_.first);
  times_.last = std::max(times_.last, chunk_times_.last);
  chunk_times_ = {};
  chunk_.clear();
  message_indexes_.clear();
  return {};
}

// `index_offsets`: where each channel's begins.
Status McapWriter::write_message_indexes(std::string& index_offsets) {
  std::string records;
  for (const auto& [channel, entries] : message_indexes_) {
    const std::uint64_t at = offset_ + records.size();
    index_offsets.append(reinterpret_cast<const char*>(&channel), sizeof channel);
    index_offsets.append(reinterpret_cast<const char*>(&at), sizeof at);
    McapRecord(McapOpcode::kMessageIndex, records).number(channel).text(entries).close();
  }
  return write(records);
}

Status McapWriter::add_metadata(std::string_view name, const McapTexts& texts) {
  const std::uint64_t start = offset_;
  std::string record;
  McapRecord(McapOpcode::kMetadata, record).text(name).texts(texts).close();
  if (Status written = write(record); !written) return written;
  ++metadata_count_;
  McapRecord(McapOpcode::kMetadataIndex, metadata_indexes_)
      .number(start)
      .number(offset_ - start)
      .text(name)
      .close();
  return {};
}

Status McapWriter::add_attachment(const Attachment& attachment, std::string_view content) {
  const std::uint64_t start = offset_;
  std::string record;
  McapRecord(McapOpcode::kAttachment, record)
      .number(attachment.time_ns)
      .number(attachment.time_ns)
      .text(attachment.name)
      .text(attachment.media_type)
      .number(std::uint64_t{content.size()})
      .close(content.size() + sizeof(std::uint32_t));
  const std::string_view head = std::string_view(record).substr(McapRecord::kHeadBytes);
  const std::uint32_t crc = crc32(content, crc32(head));
  if (Status written = write(record); !written) return written;
  if (Status written = write(content); !written) return written;
  if (Status written = write({reinterpret_cast<const char*>(&crc), sizeof crc}); !written)
    return written;
  ++attachment_count_;
  McapRecord(McapOpcode::kAttachmentIndex, attachment_indexes_)
      .number(start)
      .number(offset_ - start)
      .number(attachment.time_ns)
      .number(attachment.time_ns)
      .number(std::uint64_t{content.size()})
      .text(attachment.name)
      .text(attachment.media_type)
      .close();
  return {};
}

Status McapWriter::finish() {
  if (!begun_) return begun_;
  if (Status ended = end_chunk(); !ended) return ended;
  std::string end;
  McapRecord(McapOpcode::kDataEnd, end).number(crc_).close();
  if (Status written = write(end); !written) return written;
  return write_summary();
}

// Records by opcode, then where each group of them lies. The CRC covers the footer up to itself.
Status McapWriter::write_summary() {
  const std::uint64_t start = offset_;
  const std::string counts = statistics();
  std::string offsets;
  crc_ = 0;
  const std::array<const std::string*, 6> groups = {
      &schemas_, &channels_, &counts, &chunk_indexes_, &attachment_indexes_, &metadata_indexes_};
  for (const std::string* const group : groups) {
    if (group->empty()) continue;
    McapRecord(McapOpcode::kSummaryOffset, offsets)
        .number(group->front())
        .number(offset_)
        .number(std::uint64_t{group->size()})
        .close();
    if (Status written = write(*group); !written) return written;
  }
  const std::uint64_t offsets_start = offset_;
  std::string footer;
  McapRecord(McapOpcode::kFooter, footer).number(start).number(offsets_start).close(sizeof crc_);
  if (Status written = write(offsets); !written) return written;
  if (Status written = write(footer); !written) return written;
  std::string end(reinterpret_cast<const char*>(&crc_), sizeof crc_);
  return write(end.append(kMcapMagic));
}

std::string McapWriter::statistics() const {
  std::string counts;
  std::uint64_t messages = 0;
  std::uint16_t channel = 0;
  for (const std::uint64_t count : message_counts_) {
    counts.append(reinterpret_cast<const char*>(&++channel), sizeof channel);
    counts.append(reinterpret_cast<const char*>(&count), sizeof count);
    messages += count;
  }
  std::string record;
  McapRecord(McapOpcode::kStatistics, record)
      .number(messages)
      .number(schema_count_)
      .number(static_cast<std::uint32_t>(message_counts_.size()))
      .number(attachment_count_)
      .number(metadata_count_)
      .number(chunk_count_)
      .number(messages == 0 ? 0 : times_.first)
      .number(times_.last)
      .text(counts)
      .close();
  return record;
}

}  // namespace zbag
