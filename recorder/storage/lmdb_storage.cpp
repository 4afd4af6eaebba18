#include "recorder/storage/lmdb_storage.hpp"

#include <utility>

namespace zbag {
namespace {

struct PreparedBlocks : Storage::Prepared {
  explicit PreparedBlocks(PreparedBatch of) : batch(std::move(of)) {}
  PreparedBatch batch;
};

PreparedBatch& blocks_of(Storage::Prepared& prepared) {
  return static_cast<PreparedBlocks&>(prepared).batch;
}

}  // namespace

Result<std::unique_ptr<LmdbStorage>> LmdbStorage::open(const std::string& path,
                                                       const BagOptions& bag,
                                                       const StorageOptions& options) {
  Result<BagWriter> writer = BagWriter::open(path, {bag, options});
  if (!writer) return tl::unexpected(writer.error());
  return std::unique_ptr<LmdbStorage>(new LmdbStorage(std::move(*writer)));
}

Result<WriteReport> LmdbStorage::write(const Batch& batch) { return writer_.write(batch); }

Result<std::unique_ptr<Storage::Prepared>> LmdbStorage::prepare(const Batch& batch) {
  Result<std::optional<PreparedBatch>> prepared = writer_.prepare(batch);
  if (!prepared) return tl::unexpected(prepared.error());
  std::unique_ptr<Prepared> blocks;
  if (*prepared) blocks = std::make_unique<PreparedBlocks>(std::move(**prepared));
  return blocks;
}

Result<WriteReport> LmdbStorage::store(const Batch&, std::unique_ptr<Prepared> prepared) {
  return writer_.store(std::move(blocks_of(*prepared)));
}

void LmdbStorage::drop(std::unique_ptr<Prepared> prepared) { writer_.drop(blocks_of(*prepared)); }

void LmdbStorage::forget_prepared() { writer_.forget_prepared(); }
Status LmdbStorage::close() { return writer_.close(); }
std::uint64_t LmdbStorage::size_bytes() const { return writer_.file()->size_bytes(); }
void LmdbStorage::give_back_reserve() { writer_.give_back_reserve(); }
void LmdbStorage::release_cache() { writer_.release_whole_cache(); }

OpenStorage lmdb_storage(BagOptions bag) {
  return [bag](const std::string& path,
               const StorageOptions& options) -> Result<std::unique_ptr<Storage>> {
    return LmdbStorage::open(path, bag, options);
  };
}

}  // namespace zbag
