#include "recorder/storage/lmdb_storage.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "recorder/bag/squeeze.hpp"

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

// Pages that are gone, or another's, must not be read, and what is written behind them would look
// like a bag.
Status LmdbStorage::look_at_file() {
  const std::uint64_t seen = size_seen_;  // before it grows beside this
  const std::uint64_t size = writer_.file()->size_bytes();
  const bool is_whole = size >= seen;
  if (is_whole && meta_.is_ours()) {
    size_seen_ = size;
    return {};
  }
  return fail(ErrorCode::kDamaged,
              fmt::format("{} was {} while it was written; zbag recover {} -o NEW saves what is "
                          "left of it",
                          writer_.path(), is_whole ? "written over by another" : "cut short",
                          writer_.path()));
}

// A commit before the next one is noted before it, too.
Status LmdbStorage::make_ready() {
  if (Status size = look_at_file(); !size) return size;
  if (!writer_.has_stale_journal()) return {};
  Status ready = writer_.put_journal_away();
  meta_.note();
  return ready;
}

Result<WriteReport> LmdbStorage::noted(Result<WriteReport> report) {
  meta_.note();
  if (report) size_seen_ = writer_.file()->size_bytes();
  return report;
}

Result<WriteReport> LmdbStorage::write(const Batch& batch) {
  if (Status ready = make_ready(); !ready) return tl::unexpected(ready.error());
  return noted(writer_.write(batch));
}

Result<std::unique_ptr<Storage::Prepared>> LmdbStorage::prepare(const Batch& batch) {
  if (Status ready = make_ready(); !ready) return tl::unexpected(ready.error());
  Result<std::optional<PreparedBatch>> prepared = writer_.prepare(batch);
  if (!prepared) return tl::unexpected(prepared.error());
  std::unique_ptr<Prepared> blocks;
  if (*prepared) blocks = std::make_unique<PreparedBlocks>(std::move(**prepared));
  return blocks;
}

Result<WriteReport> LmdbStorage::store(const Batch&, std::unique_ptr<Prepared> prepared) {
  if (Status size = look_at_file(); !size) {
    writer_.drop(blocks_of(*prepared));
    return tl::unexpected(size.error());
  }
  return noted(writer_.store(std::move(blocks_of(*prepared))));
}

void LmdbStorage::drop(std::unique_ptr<Prepared> prepared) { writer_.drop(blocks_of(*prepared)); }

void LmdbStorage::forget_prepared() { writer_.forget_prepared(); }

Status LmdbStorage::attach(std::string_view name, std::string_view content) {
  if (Status ready = make_ready(); !ready) return ready;
  Status attached = writer_.attach(name, content);
  meta_.note();
  return attached;
}

Status LmdbStorage::close() {
  if (Status ready = make_ready(); !ready) return ready;
  Status closed = writer_.close();
  meta_.note();
  return closed;
}

void LmdbStorage::remove() { remove_bag(writer_.path(), writer_.file_id()); }

bool LmdbStorage::is_in_place() const {
  struct stat named {};
  if (::stat(writer_.path().c_str(), &named) != 0) return errno != ENOENT && errno != ENOTDIR;
  return FileId(named.st_dev, named.st_ino) == writer_.file_id();
}

Status LmdbStorage::copy_to(const std::string& path) {
  if (Status size = look_at_file(); !size) return size;
  const std::string making = making_name(path);
  ::unlink(making.c_str());  // of a process that had our number and was killed
  Status status = write_anew(*writer_.file(), making);
  const auto give_name = [&]() -> Status {
    if (::link(making.c_str(), path.c_str()) == 0) return {};
    return fail(errno == EEXIST ? ErrorCode::kExists : ErrorCode::kIo,
                fmt::format("{}: {}", path, std::strerror(errno)));
  };
  if (status) status = name_bag(making, path, give_name);
  if (status) status = sync_name(path);
  ::unlink(making.c_str());
  return status;
}

std::uint64_t LmdbStorage::size_bytes() const { return writer_.file()->size_bytes(); }
void LmdbStorage::give_back_reserve() {
  if (look_at_file()) writer_.give_back_reserve();
}
void LmdbStorage::release_cache() { writer_.release_whole_cache(); }

OpenStorage lmdb_storage(BagOptions bag) {
  return [bag](const std::string& path,
               const StorageOptions& options) -> Result<std::unique_ptr<Storage>> {
    return LmdbStorage::open(path, bag, options);
  };
}

}  // namespace zbag
