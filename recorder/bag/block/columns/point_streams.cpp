#include "recorder/bag/block/columns/point_streams.hpp"

#include <algorithm>

#include "schemas/timestamp.hpp"

namespace zbag {
namespace {

using byte_io::load;
using byte_io::push_bytes;
using byte_io::push_fixed;
using byte_io::push_varint;
using byte_io::wrapping_add;
using byte_io::wrapping_subtract;

// On disk: append only. What the wall clock of arrival is told from.
enum class Arrival : std::uint8_t { kAlone = 0, kBehindKey = 1 };

std::uint64_t wrap(std::int64_t value) { return static_cast<std::uint64_t>(value); }

}  // namespace

template <class Get>
void PointStreamsEncoder::encode_each(std::span<const RowPoint> points, Get get,
                                      StreamAdvice advice, Bytes& out) {
  values_.clear();
  for (const RowPoint& point : points) get(point, values_);
  ints_.encode(values_, 1, advice, out);
}

void PointStreamsEncoder::encode(std::span<const RowPoint> points, bool indexed,
                                 StreamAdvice advice, Bytes& out) {
  using Values = std::vector<std::uint64_t>;
  const auto each = [&](auto get) { encode_each(points, get, advice, out); };
  each([](const RowPoint& point, Values& to) { to.push_back(wrap(point.key)); });
  encode_stamps(points, out);
  encode_arrivals(points, advice, out);
  encode_sources(points, advice, out);
  each([](const RowPoint& point, Values& to) { to.push_back(point.has_seq ? 1 : 0); });
  each([](const RowPoint& point, Values& to) {
    if (point.has_seq) to.push_back(point.seq);
  });
  if (indexed) each([](const RowPoint& point, Values& to) { to.push_back(point.index); });
}

// The doubles that do not follow from their keys, with their positions.
void PointStreamsEncoder::encode_stamps(std::span<const RowPoint> points, Bytes& out) const {
  const auto differs = [](const RowPoint& point) {
    return std::bit_cast<std::uint64_t>(point.seconds) !=
           std::bit_cast<std::uint64_t>(seconds_of_key(point.key));
  };
  push_varint(out,
              static_cast<std::uint64_t>(std::count_if(points.begin(), points.end(), differs)));
  std::size_t last = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!differs(points[i])) continue;
    push_varint(out, i - last);
    push_fixed(out, points[i].seconds);
    last = i;
  }
}

// A live recording's points arrive a little after their stamps, an import's one behind another:
// what is smaller is kept.
void PointStreamsEncoder::encode_arrivals(std::span<const RowPoint> points, StreamAdvice advice,
                                          Bytes& out) {
  using Values = std::vector<std::uint64_t>;
  const std::size_t begin = out.size();
  out.push_back(static_cast<std::uint8_t>(Arrival::kAlone));
  encode_each(
      points, [](const RowPoint& point, Values& to) { to.push_back(wrap(point.wall_ns)); }, advice,
      out);
  other_.assign(1, static_cast<std::uint8_t>(Arrival::kBehindKey));
  encode_each(
      points,
      [](const RowPoint& point, Values& to) {
        to.push_back(wrap(wrapping_subtract(point.wall_ns, point.key)));
      },
      advice, other_);
  if (other_.size() < out.size() - begin) {
    out.resize(begin);
    push_bytes(out, other_);
  }
  encode_each(
      points,
      [](const RowPoint& point, Values& to) {
        to.push_back(wrap(wrapping_subtract(point.wall_ns, point.mono_ns)));
      },
      advice, out);
}

void PointStreamsEncoder::encode_sources(std::span<const RowPoint> points, StreamAdvice advice,
                                         Bytes& out) {
  srcs_.clear();
  const std::size_t begin = out.size();
  other_.clear();
  encode_each(
      points,
      [this](const RowPoint& point, std::vector<std::uint64_t>& to) {
        if (!point.has_src) return to.push_back(0);
        auto it = std::find(srcs_.begin(), srcs_.end(), point.src);
        if (it == srcs_.end()) it = srcs_.insert(srcs_.end(), point.src);
        to.push_back(static_cast<std::uint64_t>(it - srcs_.begin()) + 1);
      },
      advice, other_);
  out.resize(begin);
  push_varint(out, srcs_.size());
  for (const std::uint64_t src : srcs_) push_fixed(out, src);
  push_bytes(out, other_);
}

namespace {

using Points = std::span<StoredPoint>;
using Values = std::vector<std::uint64_t>;

bool decode_keys(ByteInput& in, std::int64_t first, std::int64_t last, Values& values,
                 Points points) {
  if (!decode_ints(in, 1, values)) return false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i].key = static_cast<std::int64_t>(values[i]);
    points[i].seconds = seconds_of_key(points[i].key);
    if (i > 0 && points[i].key < points[i - 1].key) return false;
  }
  return points.front().key == first && points.back().key == last;
}

bool decode_stamps(ByteInput& in, Points points) {
  std::size_t count = 0;
  std::size_t at = 0;
  if (!in.bounded(count, points.size())) return false;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t gap = 0;
    if (!in.bounded(gap, points.size() - 1 - at)) return false;
    at += gap;
    if (!in.fixed(points[at].seconds)) return false;
  }
  return true;
}

bool decode_arrivals(ByteInput& in, Values& values, Points points) {
  std::uint8_t arrival = 0;
  if (!in.fixed(arrival) || arrival > static_cast<std::uint8_t>(Arrival::kBehindKey)) return false;
  const bool is_behind_key = arrival == static_cast<std::uint8_t>(Arrival::kBehindKey);
  if (!decode_ints(in, 1, values)) return false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto value = static_cast<std::int64_t>(values[i]);
    points[i].wall_ns = is_behind_key ? wrapping_add(points[i].key, value) : value;
  }
  if (!decode_ints(in, 1, values)) return false;
  for (std::size_t i = 0; i < points.size(); ++i)
    points[i].mono_ns = wrapping_subtract(points[i].wall_ns, static_cast<std::int64_t>(values[i]));
  return true;
}

bool decode_sources(ByteInput& in, Values& values, Points points) {
  std::size_t count = 0;
  std::span<const std::uint8_t> srcs;
  if (!in.bounded(count, points.size()) || !in.take(count * 8, srcs)) return false;
  if (!decode_ints(in, 1, values)) return false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (values[i] > count) return false;
    points[i].has_src = values[i] > 0;
    if (values[i] > 0) points[i].src = load<std::uint64_t>(srcs.data() + (values[i] - 1) * 8);
  }
  return true;
}

bool decode_seqs(ByteInput& in, Values& values, Points points) {
  if (!decode_ints(in, 1, values)) return false;
  std::size_t with = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (values[i] > 1) return false;
    points[i].has_seq = values[i] == 1;
    with += values[i];
  }
  const std::span<std::uint64_t> seqs(values.data(), with);
  if (!decode_ints(in, 1, seqs)) return false;
  std::size_t next = 0;
  for (StoredPoint& point : points) {
    if (point.has_seq) point.seq = seqs[next++];
  }
  return true;
}

bool decode_indices(ByteInput& in, Values& values, Points points) {
  if (!decode_ints(in, 1, values)) return false;
  for (std::size_t i = 0; i < points.size(); ++i) points[i].index = values[i];
  return true;
}

}  // namespace

bool decode_point_streams(ByteInput in, std::int64_t first, std::int64_t last, bool indexed,
                          std::span<StoredPoint> points) {
  Values values(points.size());
  return !points.empty() && decode_keys(in, first, last, values, points) &&
         decode_stamps(in, points) && decode_arrivals(in, values, points) &&
         decode_sources(in, values, points) && decode_seqs(in, values, points) &&
         (!indexed || decode_indices(in, values, points)) && in.left() == 0;
}

bool decode_point_keys(ByteInput in, std::int64_t first, std::int64_t last,
                       std::span<StoredPoint> points) {
  Values values(points.size());
  return !points.empty() && decode_keys(in, first, last, values, points) &&
         decode_stamps(in, points);
}

}  // namespace zbag
