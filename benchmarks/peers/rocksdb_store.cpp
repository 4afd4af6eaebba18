#include <rocksdb/db.h>

#include <array>

#include "benchmarks/peers/peers.hpp"

namespace zbag::bench {
namespace {

// Track and time big-endian, so that byte order is the order of reading. Stamps are positive.
using Key = std::array<char, 12>;

Key key_of(std::uint32_t track, std::int64_t ts_ns) {
  Key key;
  for (std::size_t i = 0; i < 4; ++i) key[i] = static_cast<char>(track >> (24 - 8 * i));
  const auto ts = static_cast<std::uint64_t>(std::max<std::int64_t>(ts_ns, 0));
  for (std::size_t i = 0; i < 8; ++i) key[4 + i] = static_cast<char>(ts >> (56 - 8 * i));
  return key;
}

rocksdb::Slice slice_of(const Key& key) { return {key.data(), key.size()}; }

rocksdb::Options options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;
  return options;
}

bool write_rocksdb(const Workload& work, const std::string& path) {
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open(options(), path, &opened).ok()) return false;
  const std::unique_ptr<rocksdb::DB> db(opened);
  bool ok = true;
  for (const Workload::Frame& frame : work.frames) {
    const Key key = key_of(frame.track, frame.ts_ns);
    ok = ok && db->Put(rocksdb::WriteOptions(), slice_of(key), frame.bytes).ok();
  }
  return db->Close().ok() && ok;
}

class Reader : public PeerReader {
 public:
  explicit Reader(std::unique_ptr<rocksdb::DB> db) : db_(std::move(db)) {}

  // Of all tracks only all times: what is asked of it.
  bool read(const Selection& selection, Visited& visited) override {
    const std::uint32_t track = selection.track.value_or(0);
    const Key first = key_of(track, selection.first_ns);
    const Key limit = key_of(selection.track.value_or(~0u), selection.limit_ns);
    const rocksdb::Slice upper_bound = slice_of(limit);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &upper_bound;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    for (it->Seek(slice_of(first)); it->Valid(); it->Next())
      visited.add(it->value().data(), it->value().size());
    return it->status().ok();
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
};

// Opened once for RocksDB to turn its log into tables: in memory, as a log is kept, nobody would
// read anything. Then read-only, so that no compaction runs beside what is measured.
std::unique_ptr<PeerReader> open_rocksdb(const Workload&, const std::string& path) {
  rocksdb::DB* db = nullptr;
  if (!rocksdb::DB::Open(options(), path, &db).ok()) return nullptr;
  std::unique_ptr<rocksdb::DB>(db).reset();
  if (!rocksdb::DB::OpenForReadOnly(options(), path, &db).ok()) return nullptr;
  return std::make_unique<Reader>(std::unique_ptr<rocksdb::DB>(db));
}

}  // namespace

Peer rocksdb_store() { return {"RocksDB", write_rocksdb, open_rocksdb}; }

}  // namespace zbag::bench
