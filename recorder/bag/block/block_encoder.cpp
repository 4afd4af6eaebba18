#include "recorder/bag/block/block_encoder.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "recorder/bag/block/checksum.hpp"
#include "recorder/bag/block/presence.hpp"
#include "schemas/byte_io.hpp"
#include "schemas/check.hpp"
#include "schemas/put_item.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {
namespace {

using byte_io::push_varint;
using byte_io::store;
using byte_io::store_bytes;
using byte_io::store_varint;
using byte_io::varint_bytes;
using byte_io::wrapping_subtract;
using byte_io::zigzag;

static_assert((kLonePayloadOffset + 16) % 64 == 0);

// LMDB gives a value of half a page and more pages of its own, and what the last of them has left
// is of no use to anybody else. Smaller ones share pages: there a summary may take a little.
bool costs_no_page(std::size_t value_bytes, std::size_t summary_bytes) {
  constexpr std::size_t kPageBytes = 4096;
  constexpr std::size_t kPageHeaderBytes = 16;
  constexpr std::size_t kSharedMax = 2014;  // its node has the key and 8 bytes more
  constexpr std::size_t kLittle = 8;
  const std::size_t both = value_bytes + summary_bytes;
  if (value_bytes <= kSharedMax)
    return both <= kSharedMax && summary_bytes <= value_bytes / kLittle;
  const auto page_of = [](std::size_t bytes) {
    return (kPageHeaderBytes + bytes - 1) / kPageBytes;
  };
  return page_of(both) == page_of(value_bytes);
}

std::size_t map_header_bytes(std::uint32_t fields) {
  return fields < 16 ? 1 : fields <= 0xffff ? 3 : 5;
}

}  // namespace

void BlockEncoder::clear() {
  for (auto* column : {&keys_, &wall_, &offset_, &src_codes_, &seqs_, &seq_flags_, &indices_,
                       &lengths_, &doubles_}) {
    column->clear();
  }
  srcs_.clear();
  points_.clear();
  rows_bytes_ = doubles_count_ = last_double_ = with_src_ = with_seq_ = 0;
  last_seq_ = 0;
}

void BlockEncoder::own_rows(std::size_t begin, std::size_t end, std::string& arena) {
  std::size_t bytes = 0;
  for (std::size_t i = begin; i < end; ++i) bytes += points_[i].pairs_bytes;
  arena.clear();
  arena.reserve(bytes);  // once: what points into it must not move
  for (std::size_t i = begin; i < end; ++i) {
    RowPoint& point = points_[i];
    const std::size_t at = arena.size();
    arena.append(reinterpret_cast<const char*>(point.pairs), point.pairs_bytes);
    point.pairs = reinterpret_cast<const std::uint8_t*>(arena.data()) + at;
  }
}

std::size_t BlockEncoder::bytes_with(const RowPoint& point) const {
  // Six varints of ten bytes, a double with its position, a new publisher, a presence flag.
  constexpr std::size_t kPointBytesMax = 6 * 10 + 18 + 8 + 1;
  return kBlockHeaderBytes + body_bytes() + point.pairs_bytes + 5 + kPointBytesMax;
}

void BlockEncoder::add(const RowPoint& point, bool indexed) {
  const std::size_t at = points_.size();
  const RowPoint* const before = at == 0 ? nullptr : &points_.back();
  const std::int64_t offset = wrapping_subtract(point.wall_ns, point.mono_ns);
  if (before != nullptr) {
    ZBAG_CHECK(before->key <= point.key);
    push_varint(keys_, static_cast<std::uint64_t>(wrapping_subtract(point.key, before->key)));
    push_varint(wall_, zigzag(wrapping_subtract(point.wall_ns, before->wall_ns)));
    push_varint(offset_, zigzag(wrapping_subtract(
                             offset, wrapping_subtract(before->wall_ns, before->mono_ns))));
  }
  if (std::bit_cast<std::uint64_t>(point.seconds) !=
      std::bit_cast<std::uint64_t>(seconds_of_key(point.key))) {
    push_varint(doubles_, at - last_double_);
    const std::size_t end = doubles_.size();
    doubles_.resize(end + sizeof(double));
    std::memcpy(doubles_.data() + end, &point.seconds, sizeof(double));
    last_double_ = at;
    ++doubles_count_;
  }
  std::uint64_t code = 0;
  if (point.has_src) {
    ++with_src_;
    auto it = std::find(srcs_.begin(), srcs_.end(), point.src);
    if (it == srcs_.end()) it = srcs_.insert(srcs_.end(), point.src);
    code = static_cast<std::uint64_t>(it - srcs_.begin()) + 1;
  }
  push_varint(src_codes_, code);
  seq_flags_.push_back(point.has_seq ? 1 : 0);
  if (point.has_seq) {
    push_varint(seqs_, zigzag(wrapping_subtract(static_cast<std::int64_t>(point.seq), last_seq_)));
    last_seq_ = static_cast<std::int64_t>(point.seq);
    ++with_seq_;
  }
  if (indexed) {
    const std::uint64_t last_index = before == nullptr ? 0 : before->index;
    push_varint(indices_, zigzag(wrapping_subtract(static_cast<std::int64_t>(point.index),
                                                   static_cast<std::int64_t>(last_index))));
  }
  const std::size_t row = map_header_bytes(point.fields) + point.pairs_bytes;
  push_varint(lengths_, row);
  rows_bytes_ += row;
  points_.push_back(point);
}

std::size_t BlockEncoder::body_bytes() const {
  const std::size_t codes = with_src_ == points_.size() && srcs_.size() == 1 ? 0
                            : with_src_ == 0                                 ? 0
                                                                             : src_codes_.size();
  const std::size_t flags =
      presence_of(with_seq_, points_.size()) == Presence::kMixed ? seq_flags_.size() : 0;
  return keys_.size() + varint_bytes(doubles_count_) + doubles_.size() + 16 + wall_.size() +
         offset_.size() + varint_bytes(srcs_.size()) + srcs_.size() * 8 + 1 + codes + 1 + flags +
         seqs_.size() + indices_.size() + lengths_.size() + rows_bytes_;
}

void BlockEncoder::write_heads(std::uint8_t*& at) const {
  store_bytes(at, keys_);
  store_varint(at, doubles_count_);
  store_bytes(at, doubles_);
  store(at, points_[0].wall_ns);
  store_bytes(at, wall_);
  store(at, wrapping_subtract(points_[0].wall_ns, points_[0].mono_ns));
  store_bytes(at, offset_);
  store_varint(at, srcs_.size());
  for (const std::uint64_t src : srcs_) store(at, src);
  Presence presence = presence_of(with_src_, points_.size());
  if (presence == Presence::kAll && srcs_.size() > 1) presence = Presence::kMixed;
  store(at, static_cast<std::uint8_t>(presence));
  if (presence == Presence::kMixed) store_bytes(at, src_codes_);
  presence = presence_of(with_seq_, points_.size());
  store(at, static_cast<std::uint8_t>(presence));
  if (presence == Presence::kMixed) store_bytes(at, seq_flags_);
  store_bytes(at, seqs_);
  store_bytes(at, indices_);
  store_bytes(at, lengths_);
}

void BlockEncoder::write_rows(std::uint8_t*& at) const {
  for (const RowPoint& point : points_) {
    item::put_map(at, point.fields);
    if (point.pairs_bytes > 0) std::memcpy(at, point.pairs, point.pairs_bytes);
    at += point.pairs_bytes;
  }
}

// Takes the smaller of both codecs, or the one that was smaller lately.
void BlockEncoder::compress(CompressionSpec compression, BlockScratch& scratch) {
  constexpr std::uint32_t kCompareEvery = 16;
  constexpr std::uint32_t kFormsEvery = 8;           // a divisor of it
  constexpr std::size_t kColumnsRawBytesMin = 1024;  // below, the directory is most of the block
  if (!uses_columns_ || points_.size() < 2 || prepared_.raw_bytes < kColumnsRawBytesMin ||
      prepared_.raw_bytes > kColumnsRawBytesMax) {
    compress_rows(compression, scratch);
    return;
  }
  BlockScratch::Preference& preference =
      scratch.preferences_[prepared_.track % scratch.preferences_.size()];
  if (preference.track != prepared_.track) preference = {.track = prepared_.track, .habits = {}};
  const bool compares = preference.blocks == 0;
  if (preference.blocks % kFormsEvery == 0) preference.habits.forget_streams();
  preference.blocks = (preference.blocks + 1) % kCompareEvery;
  if (!compares) {
    if (!preference.columns || !compress_columns(compression, scratch, preference.habits))
      compress_rows(compression, scratch);
    return;
  }
  compress_rows(compression, scratch);
  preference.columns = compress_columns(compression, scratch, preference.habits);
}

// Takes rows for the body if they become smaller by compression.
void BlockEncoder::compress_rows(CompressionSpec compression, BlockScratch& scratch) {
  const std::size_t raw_bytes = prepared_.raw_bytes;
  if (scratch.raw_.size() < raw_bytes) scratch.raw_.resize(raw_bytes);
  std::uint8_t* at = scratch.raw_.data();
  write_heads(at);
  write_rows(at);
  ZBAG_CHECK(at == scratch.raw_.data() + raw_bytes);
  scratch.compressed_.clear();
  const std::size_t size = scratch.compressor_.append({scratch.raw_.data(), raw_bytes}, compression,
                                                      scratch.compressed_);
  if (size == 0) return;
  stored_.assign(scratch.compressed_.begin(), scratch.compressed_.end());
  prepared_.compression = compression.kind;
  prepared_.stored_bytes = static_cast<std::uint32_t>(size);
}

// Takes columns for the body if they can be made and are no larger than what it is now, or hardly.
bool BlockEncoder::compress_columns(CompressionSpec compression, BlockScratch& scratch,
                                    ColumnsHabits& habits) {
  constexpr std::size_t kColumnsWorth = 32;
  ColumnsEncoder& columns = scratch.columns_;
  columns.clear();
  for (const RowPoint& point : points_) {
    if (!columns.add(point.map())) return false;
  }
  scratch.point_columns_.clear();
  habits.points().go_to(0);
  scratch.point_streams_.encode(points_, (prepared_.flags & kBlockIndexed) != 0,
                                {squeeze_for(compression), habits.points()},
                                scratch.point_columns_);
  const auto body =
      columns.encode(scratch.point_columns_, compression, prepared_.raw_bytes, habits);
  // A little more is worth it: columns are made sooner, and one field is read without the others.
  const std::size_t limit = std::min<std::size_t>(
      prepared_.raw_bytes, prepared_.stored_bytes + prepared_.stored_bytes / kColumnsWorth);
  if (body.empty() || body.size() >= limit) return false;
  stored_.assign(body.begin(), body.end());
  prepared_.codec = Codec::kColumns;
  prepared_.compression = compression.kind;
  prepared_.stored_bytes = static_cast<std::uint32_t>(body.size());
  keep_summary(columns.summary(habits));
  return true;
}

// Keeps the summary where it costs no page.
void BlockEncoder::keep_summary(std::span<const std::uint8_t> summary) {
  if (summary.size() > kSummaryBytesMax) return;
  if (!costs_no_page(kBlockHeaderBytes + prepared_.stored_bytes, summary.size())) return;
  summary_.assign(summary.begin(), summary.end());
  prepared_.summary_bytes = static_cast<std::uint32_t>(summary.size());
}

std::size_t BlockEncoder::prepare(BlockHeader header, CompressionSpec compression,
                                  BlockScratch& scratch) {
  ZBAG_CHECK(!points_.empty());
  const std::size_t raw_bytes = body_bytes();
  ZBAG_CHECK(raw_bytes <= kBlockRawBytesMax);
  prepared_ = header;
  prepared_.count = static_cast<std::uint32_t>(points_.size());
  prepared_.first = points_.front().key;
  prepared_.last = points_.back().key;
  prepared_.codec = Codec::kRows;
  prepared_.compression = Compression::kNone;
  prepared_.summary_bytes = 0;
  summary_.clear();
  stored_.clear();
  prepared_.raw_bytes = prepared_.stored_bytes = static_cast<std::uint32_t>(raw_bytes);
  if (compression.kind != Compression::kNone) compress(compression, scratch);
  return kBlockHeaderBytes + summary_.size() + prepared_.stored_bytes;
}

void BlockEncoder::write_to(std::span<std::uint8_t> out) const {
  ZBAG_CHECK(out.size() == kBlockHeaderBytes + summary_.size() + prepared_.stored_bytes);
  write_block_header(out.data(), prepared_);
  std::uint8_t* at = out.data() + kBlockHeaderBytes;
  store_bytes(at, summary_);
  if (stored_.empty()) {
    write_heads(at);
    write_rows(at);
    ZBAG_CHECK(at == out.data() + out.size());
  } else {
    store_bytes(at, stored_);
  }
  block::seal(out);
}

std::span<const std::uint8_t> BlockEncoder::finish(BlockHeader header,
                                                   CompressionSpec compression) {
  if (!scratch_) scratch_ = std::make_unique<BlockScratch>();
  const std::size_t size = prepare(header, compression, *scratch_);
  if (out_.size() < size) out_.resize(size);
  const std::span block(out_.data(), size);
  write_to(block);
  return block;
}

std::size_t lone_block_bytes(const RowPoint& point) {
  return kLonePayloadOffset + map_header_bytes(point.fields) + point.pairs_bytes;
}

void write_lone_block(BlockHeader header, const RowPoint& point, std::span<std::uint8_t> out) {
  ZBAG_CHECK(out.size() == lone_block_bytes(point));
  header.flags |= kBlockLone;
  header.compression = Compression::kNone;
  header.count = 1;
  header.first = header.last = point.key;
  header.raw_bytes = header.stored_bytes =
      static_cast<std::uint32_t>(out.size() - kBlockHeaderBytes);
  write_block_header(out.data(), header);
  std::uint8_t* at = out.data() + kBlockHeaderBytes;
  store(at, point.seconds);
  store(at, point.wall_ns);
  store(at, point.mono_ns);
  store(at, point.src);
  store(at, point.seq);
  store(at, static_cast<std::uint64_t>((point.has_src ? 1u : 0u) | (point.has_seq ? 2u : 0u)));
  item::put_map(at, point.fields);
  block::copy_and_seal({point.pairs, point.pairs_bytes}, out);
}

void write_border_block(BlockHeader header, std::int64_t key, std::span<std::uint8_t> out) {
  ZBAG_CHECK(out.size() == kBlockHeaderBytes);
  header.flags |= kBlockBorder;
  header.count = header.raw_bytes = header.stored_bytes = 0;
  header.first = header.last = key;
  write_block_header(out.data(), header);
  block::copy_and_seal({}, out);
}

}  // namespace zbag
