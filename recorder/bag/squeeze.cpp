#include "recorder/bag/squeeze.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "recorder/bag/pages/each_entry.hpp"
#include "recorder/bag/pages/file_attributes.hpp"
#include "recorder/bag/pages/file_descriptor.hpp"
#include "schemas/no_room.hpp"

namespace zbag {
namespace {

tl::unexpected<Error> os_error(const std::string& path) {
  const ErrorCode code = errno == EEXIST     ? ErrorCode::kExists
                         : is_no_room(errno) ? ErrorCode::kDiskFull
                                             : ErrorCode::kIo;
  return fail(code, fmt::format("{}: {}", path, std::strerror(errno)));
}

bool is_worth_it(const Env& env, std::uint64_t free) {
  const std::uint64_t used = env.used_bytes();
  return free > kFreeBytesMin && free > used / 100 * kFreeSharePercent &&
         used - std::min(used, free) <= kSqueezedBytesMax;
}

Status keep_attributes(const BagFile& old_bag, const std::string& made) {
  const FileDescriptor file(::open(made.c_str(), O_RDWR | O_CLOEXEC));
  if (file.get() < 0) return os_error(made);
  return copy_attributes(old_bag.fd(), file.get());
}

// Copies one table after another, several transactions long.
class TableCopy {
 public:
  static Result<TableCopy> begin(const std::string& path) {
    Result<std::unique_ptr<Env>> env = Env::open(path, {.map_bytes = 4 * kCommitBytes});
    if (!env) return tl::unexpected(env.error());
    return TableCopy(std::move(*env));
  }

  Status copy(const Txn& from, Table source, const char* name) {
    if (Status begun = ensure_txn(); !begun) return begun;
    const Result<Table> made = txn_->open_table(name);
    if (!made) return tl::unexpected(made.error());
    return each_entry(from, source, {}, [&](const TableCursor::Item& item) -> Status {
      const std::size_t size = item.key.size() + item.value.size();
      if (bytes_ > 0 && bytes_ + size > kCommitBytes) {
        if (Status status = commit(); !status) return status;
        if (Status room = env_->make_room(size); !room) return room;
      }
      if (Status begun = ensure_txn(); !begun) return begun;
      bytes_ += size;
      return txn_->append(*made, item.key, item.value);
    });
  }

  Status commit() {
    bytes_ = 0;
    return std::exchange(txn_, nullptr)->commit();
  }

 private:
  // Of a small bag one commit is all: each leaves some pages free.
  static constexpr std::size_t kCommitBytes = 16u << 20;

  explicit TableCopy(std::unique_ptr<Env> env) : env_(std::move(env)) {}
  Status ensure_txn() {
    if (txn_) return {};
    if (Status room = env_->make_room(kCommitBytes); !room) return room;
    Result<std::unique_ptr<WriteTxn>> txn = env_->write();
    if (!txn) return tl::unexpected(txn.error());
    txn_ = std::move(*txn);
    return {};
  }

  std::unique_ptr<Env> env_;
  std::unique_ptr<WriteTxn> txn_;
  std::size_t bytes_ = 0;  // since it began
};

}  // namespace

Status write_anew(BagFile& bag, const std::string& path) {
  // Env::open() would go on in what is there.
  const FileDescriptor made(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0664));
  if (made.get() < 0) return os_error(path);
  const auto copy_all = [&]() -> Status {
    const Result<std::unique_ptr<ReadTxn>> txn = bag.env().read();
    if (!txn) return tl::unexpected(txn.error());
    Result<TableCopy> copy = TableCopy::begin(path);
    if (!copy) return tl::unexpected(copy.error());
    const BagTables& tables = bag.tables();
    const std::pair<const char*, Table> all[] = {
        {kTracksTable, tables.tracks}, {kMetaTable, tables.meta},
        {kLossesTable, tables.losses}, {kAttachmentsTable, tables.attachments},
        {kOrderTable, tables.order},   {kJournalTable, tables.journal},
        {kBlocksTable, tables.blocks}};
    for (const auto& [name, table] : all) {
      if (table == 0) continue;
      if (Status status = copy->copy(**txn, table, name); !status) return status;
    }
    return copy->commit();
  };
  Status copied = copy_all();
  ::unlink(lock_file_of(path).c_str());
  if (!copied) ::unlink(path.c_str());
  return copied;
}

Status replace_bag(const BagFile& old_bag, const std::string& made, const std::string& path) {
  struct stat old {};
  if (::stat(path.c_str(), &old) == 0) {
    // Best effort: who may not give a file away keeps it.
    static_cast<void>(::chown(made.c_str(), old.st_uid, old.st_gid) == 0);
    if (Status kept = keep_attributes(old_bag, made); !kept) return kept;
    static_cast<void>(::chmod(made.c_str(), old.st_mode & 07777u) == 0);
  }
  // The lock file tells readers which transaction is the newest: the old bag's would mislead those
  // of the new one.
  const auto give_name = [&]() -> Status {
    if (!is_named(old_bag.fd(), path))
      return fail(ErrorCode::kIo, "was removed or replaced meanwhile; nothing was changed");
    if (::rename(made.c_str(), path.c_str()) != 0) return os_error(path);
    return {};
  };
  if (Status named = name_bag(made, path, give_name); !named) return named;
  // Whichever of the two a loss of power leaves under the name is whole.
  static_cast<void>(sync_name(path));
  return {};
}

Result<std::optional<FileId>> squeeze_bag(BagFile& file) {
  Env& env = file.env();
  const Result<std::uint64_t> free = env.free_bytes();
  if (!free) return tl::unexpected(free.error());
  std::error_code error;
  // Where the name is a link, the bag it leads to is replaced, not the link.
  const std::string path = std::filesystem::canonical(file.path(), error);
  const bool has_one_name = !error && std::filesystem::hard_link_count(path, error) == 1;
  const bool is_ours = has_one_name && is_named(file.fd(), path) && !is_open_elsewhere(file.fd()) &&
                       !env.has_readers();
  if (!is_ours || !is_worth_it(env, *free)) return std::optional<FileId>();
  const std::string made = making_name(path);
  ::unlink(made.c_str());  // of a process that had our number and was killed
  Status status = write_anew(file, made);
  const bool has_room = status || status.error().code != ErrorCode::kDiskFull;
  struct stat squeezed {};
  if (status && ::stat(made.c_str(), &squeezed) != 0) status = os_error(made);
  if (status) status = replace_bag(file, made, path);
  if (status) return std::optional(FileId(squeezed.st_dev, squeezed.st_ino));
  ::unlink(made.c_str());
  if (!has_room) return std::optional<FileId>();
  return fail(status.error(), file.path());
}

}  // namespace zbag
