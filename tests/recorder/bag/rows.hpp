// Hand-made points, batches and bags for the tests of the recorder.
#pragma once

#include <bit>
#include <cstdint>
#include <deque>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/check.hpp"
#include "schemas/frame.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

// Makes RowPoints and keeps what they lend.
class RowStore {
 public:
  RowPoint make(std::int64_t key, const Fields& fields) {
    std::string& map = maps_.emplace_back();
    encode_fields(fields, map);
    const MapBytes opened = open_map(bytes_of(map)).value();
    RowPoint row;
    row.key = key;
    row.seconds = seconds_of_key(key);
    row.wall_ns = key / 2;
    row.mono_ns = key / 3;
    row.pairs = opened.pairs.data();
    row.pairs_bytes = static_cast<std::uint32_t>(opened.pairs.size());
    row.fields = opened.count;
    return row;
  }

 private:
  std::deque<std::string> maps_;
};

// `rows` as what arrived for `track`; every row is one frame.
inline TrackBatch batch_of(std::string track, std::vector<RowPoint> rows) {
  TrackBatch batch;
  batch.name = std::move(track);
  batch.fate.received = rows.size();
  batch.points = std::move(rows);
  return batch;
}

inline Batch batch_of_one(std::string track, std::vector<RowPoint> rows) {
  Batch batch;
  batch.tracks.push_back(batch_of(std::move(track), std::move(rows)));
  return batch;
}

// The one field `n`. Not braces at the call: g++ 12 sees uninitialised memory there (-O1,
// sanitizers).
inline Fields number_fields(int n) {
  Fields fields;
  fields.emplace_back("n", n);
  return fields;
}

// One point with the field `n`.
inline Batch small_batch(RowStore& store, const std::string& track, std::int64_t key, int n = 0) {
  return batch_of_one(track, {store.make(key, number_fields(n))});
}

inline BagWriter::Options small_blocks() {
  BagWriter::Options options;
  options.block_pages = 2;
  options.map_bytes = 64u << 20;
  return options;
}

// A point as it was read, owned.
struct Seen {
  std::string track;
  std::int64_t key = 0;
  double seconds = 0.0;
  std::int64_t wall_ns = 0;
  std::optional<std::uint64_t> src;
  std::optional<std::uint64_t> seq;
  Fields fields;

  friend bool operator==(const Seen& a, const Seen& b) {
    return a.track == b.track && a.key == b.key &&
           std::bit_cast<std::uint64_t>(a.seconds) == std::bit_cast<std::uint64_t>(b.seconds) &&
           a.wall_ns == b.wall_ns && a.src == b.src && a.seq == b.seq && a.fields == b.fields;
  }
};

// A new bag at `path`, of one track `t`: a point each 1000 ns. The path.
inline std::string write_points(const std::string& path, const std::vector<Fields>& points,
                                CompressionSpec compression) {
  BagWriter::Options options = small_blocks();
  options.compression = compression;
  BagWriter writer = BagWriter::open(path, options).value();
  RowStore store;
  std::vector<RowPoint> rows;
  for (std::size_t i = 0; i < points.size(); ++i)
    rows.push_back(store.make(static_cast<std::int64_t>(i) * 1'000, points[i]));
  ZBAG_CHECK(writer.write(batch_of_one("t", rows)).has_value());
  ZBAG_CHECK(writer.close().has_value());
  return path;
}

inline Seen seen_of(const PointView& view) {
  return {std::string(view.track), view.key,         view.seconds,         view.wall_ns,
          view.given_src(),        view.given_seq(), view.fields().value()};
}

// Everything a cursor gives; `release_every` > 0 lets its transaction go that often.
inline std::vector<Seen> read_all(const BagReader& reader, const BagReader::Selection& selection,
                                  std::size_t release_every = 0) {
  std::vector<Seen> all;
  BagCursor cursor = reader.cursor(selection).value();
  while (const std::optional<PointView> view = cursor.next().value()) {
    all.push_back(seen_of(*view));
    if (release_every > 0 && all.size() % release_every == 0) cursor.release();
  }
  return all;
}

inline std::vector<std::int64_t> keys_of(const std::vector<Seen>& points) {
  std::vector<std::int64_t> keys;
  keys.reserve(points.size());
  for (const Seen& point : points) keys.push_back(point.key);
  return keys;
}

inline std::vector<std::int64_t> keys_of(const std::string& path,
                                         const BagReader::Selection& selection = {}) {
  return keys_of(read_all(BagReader::open(path).value(), selection));
}

// "" when equal; else where they first differ. Short, where gmock would print both in full.
inline std::string difference(const std::vector<Seen>& got, const std::vector<Seen>& expected) {
  std::size_t at = 0;
  while (at < got.size() && at < expected.size() && got[at] == expected[at]) ++at;
  if (at == got.size() && at == expected.size()) return {};
  const auto text = [at](const std::vector<Seen>& points) {
    return at < points.size() ? points[at].track + " " + std::to_string(points[at].key) : "end";
  };
  return "point " + std::to_string(at) + " of " + std::to_string(expected.size()) + ": got " +
         text(got) + ", expected " + text(expected);
}

inline std::string file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// How many blocks of `track` the bag holds.
inline std::size_t block_count(const std::shared_ptr<BagFile>& file) {
  return file->read().value()->entries(file->tables().blocks);
}

}  // namespace zbag
