#include "recorder/bag/block/block.hpp"

#include <fmt/format.h>

#include "recorder/bag/block/checksum.hpp"
#include "recorder/bag/block/columns/point_streams.hpp"
#include "recorder/bag/block/presence.hpp"
#include "schemas/byte_io.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {
namespace {

using byte_io::wrapping_add;
using byte_io::wrapping_subtract;

Error damaged(const char* what) { return {ErrorCode::kDamaged, fmt::format("block: {}", what)}; }

using Points = std::vector<StoredPoint>;

bool decode_keys(ByteInput& in, const BlockHeader& header, Points& points) {
  std::int64_t key = header.first;
  points[0].key = key;
  for (std::size_t i = 1; i < points.size(); ++i) {
    std::uint64_t delta = 0;
    if (!in.varint(delta)) return false;
    key = wrapping_add(key, static_cast<std::int64_t>(delta));
    if (key < points[i - 1].key) return false;
    points[i].key = key;
  }
  if (key != header.last) return false;
  for (StoredPoint& point : points) point.seconds = seconds_of_key(point.key);
  std::uint64_t exceptions = 0;
  if (!in.varint(exceptions) || exceptions > points.size()) return false;
  std::uint64_t position = 0;
  for (std::uint64_t i = 0; i < exceptions; ++i) {
    std::uint64_t gap = 0;
    if (!in.varint(gap) || gap > points.size() || (position += gap) >= points.size()) return false;
    if (!in.fixed(points[position].seconds)) return false;
  }
  return true;
}

bool decode_arrivals(ByteInput& in, Points& points) {
  std::int64_t wall = 0;
  std::int64_t offset = 0;
  if (!in.fixed(wall)) return false;
  points[0].wall_ns = wall;
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (!in.delta(wall)) return false;
    points[i].wall_ns = wall;
  }
  if (!in.fixed(offset)) return false;
  points[0].mono_ns = wrapping_subtract(points[0].wall_ns, offset);
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (!in.delta(offset)) return false;
    points[i].mono_ns = wrapping_subtract(points[i].wall_ns, offset);
  }
  return true;
}

bool take_presence(ByteInput& in, Presence& presence) {
  std::uint8_t code = 0;
  if (!in.fixed(code) || code > static_cast<std::uint8_t>(Presence::kMixed)) return false;
  presence = Presence{code};
  return true;
}

bool decode_sources(ByteInput& in, Points& points) {
  std::uint64_t count = 0;
  if (!in.varint(count) || count > in.left() / 8) return false;
  std::vector<std::uint64_t> srcs(count);
  for (std::uint64_t& src : srcs) {
    if (!in.fixed(src)) return false;
  }
  Presence presence{};
  if (!take_presence(in, presence) || (presence == Presence::kAll && count != 1)) return false;
  for (StoredPoint& point : points) {
    std::uint64_t code = presence == Presence::kAll ? 1 : 0;
    if (presence == Presence::kMixed && (!in.varint(code) || code > count)) return false;
    point.has_src = code > 0;
    if (code > 0) point.src = srcs[code - 1];
  }
  return true;
}

bool decode_seqs(ByteInput& in, Points& points) {
  Presence presence{};
  if (!take_presence(in, presence)) return false;
  std::span<const std::uint8_t> flags;
  if (presence == Presence::kMixed && !in.take(points.size(), flags)) return false;
  std::int64_t seq = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i].has_seq =
        presence == Presence::kAll || (presence == Presence::kMixed && flags[i] != 0);
    if (!points[i].has_seq) continue;
    if (!in.delta(seq)) return false;
    points[i].seq = static_cast<std::uint64_t>(seq);
  }
  return true;
}

bool decode_indices(ByteInput& in, Points& points) {
  std::int64_t index = 0;
  for (StoredPoint& point : points) {
    if (!in.delta(index)) return false;
    point.index = static_cast<std::uint64_t>(index);
  }
  return true;
}

bool decode_maps(ByteInput& in, Points& points) {
  std::vector<std::uint64_t> lengths(points.size());
  for (std::uint64_t& length : lengths) {
    if (!in.varint(length)) return false;
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (lengths[i] == 0 || !in.take(lengths[i], points[i].map)) return false;
  }
  return in.left() == 0;
}

}  // namespace

Result<Block> Block::open(std::string_view value, Maps maps) {
  Result<BlockHeader> header = read_block_header(value);
  if (!header) return tl::unexpected(header.error());
  if (!block::is_sealed(value, header->summary_bytes))
    return tl::unexpected(damaged("wrong checksum"));
  Block block;
  block.header_ = *header;
  if (header->count == 0) return block;
  Status status;
  if ((header->flags & kBlockLone) != 0) {
    status = block.decode_lone(value);
    if (!status) return tl::unexpected(status.error());
    return block;
  }
  const auto* const stored = reinterpret_cast<const std::uint8_t*>(value.data()) +
                             kBlockHeaderBytes + header->summary_bytes;
  std::span<const std::uint8_t> body(stored, header->stored_bytes);
  if (header->codec == Codec::kColumns) {
    status = block.decode_columns(body, maps);
    if (!status) return tl::unexpected(status.error());
    return block;
  }
  if (header->compression != Compression::kNone) {
    block.raw_ = std::make_unique_for_overwrite<std::uint8_t[]>(header->raw_bytes);
    block.raw_bytes_ = header->raw_bytes;
    const std::span raw(block.raw_.get(), header->raw_bytes);
    if (!decompress(header->compression, body, raw))
      return tl::unexpected(damaged("does not decompress"));
    body = raw;
  } else if (header->raw_bytes != header->stored_bytes) {
    return tl::unexpected(damaged("wrong size"));
  }
  status = block.decode_rows(body);
  if (!status) return tl::unexpected(status.error());
  return block;
}

Status Block::decode_rows(std::span<const std::uint8_t> body) {
  ByteInput in(body);
  points_.resize(header_.count);
  const bool whole = decode_keys(in, header_, points_) && decode_arrivals(in, points_) &&
                     decode_sources(in, points_) && decode_seqs(in, points_) &&
                     ((header_.flags & kBlockIndexed) == 0 || decode_indices(in, points_)) &&
                     decode_maps(in, points_);
  if (!whole) return tl::unexpected(damaged("does not decode"));
  return {};
}

Status Block::decode_columns(std::span<const std::uint8_t> bytes, Maps maps) {
  std::optional<ColumnsBody> body =
      ColumnsBody::open(bytes, header_.compression, header_.count, header_.raw_bytes);
  if (!body) return tl::unexpected(damaged("does not decode"));
  points_.resize(header_.count);
  const bool indexed = (header_.flags & kBlockIndexed) != 0;
  const ByteInput in = body->point_columns();
  bool whole = false;
  if (maps == Maps::kLater && !indexed) {
    whole = decode_point_keys(in, header_.first, header_.last, points_);
  } else {
    whole = decode_point_streams(in, header_.first, header_.last, indexed, points_);
  }
  if (!whole || (maps == Maps::kNow && !join_maps(*body)))
    return tl::unexpected(damaged("does not decode"));
  if (maps == Maps::kLater) columns_ = std::move(body);
  return {};
}

Status Block::fill_maps() {
  if (!columns_ || raw_) return {};
  if (join_maps(*columns_)) return {};
  raw_.reset();
  return tl::unexpected(damaged("does not decode"));
}

bool Block::join_maps(ColumnsBody& body) {
  std::vector<std::size_t> lengths;
  const std::size_t room = body.maps_room();
  raw_ = std::make_unique_for_overwrite<std::uint8_t[]>(room);
  raw_bytes_ = room;
  if (!body.read_maps({raw_.get(), room}, lengths)) return false;
  std::size_t at = 0;
  for (std::size_t i = 0; i < points_.size(); ++i) {
    points_[i].map = {raw_.get() + at, lengths[i]};
    at += lengths[i];
  }
  return true;
}

Status Block::decode_lone(std::string_view value) {
  if (value.size() <= kLonePayloadOffset || header_.count != 1)
    return tl::unexpected(damaged("does not decode"));
  const auto* const at = reinterpret_cast<const std::uint8_t*>(value.data());
  const auto* const fixed = at + kBlockHeaderBytes;
  StoredPoint point;
  point.key = header_.first;
  point.seconds = byte_io::load<double>(fixed);
  point.wall_ns = byte_io::load<std::int64_t>(fixed + 8);
  point.mono_ns = byte_io::load<std::int64_t>(fixed + 16);
  point.src = byte_io::load<std::uint64_t>(fixed + 24);
  point.seq = byte_io::load<std::uint64_t>(fixed + 32);
  const auto flags = byte_io::load<std::uint64_t>(fixed + 40);
  point.has_src = (flags & 1u) != 0;
  point.has_seq = (flags & 2u) != 0;
  point.index = header_.first_ordinal;
  point.map = {at + kLonePayloadOffset, value.size() - kLonePayloadOffset};
  points_.push_back(point);
  return {};
}

}  // namespace zbag
