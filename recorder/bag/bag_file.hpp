// A bag's file opened in this process: its environment and tables, shared by the one writer and any
// number of readers.
//
// LMDB forbids two environments of one file in a process, so opening looks the file up by device
// and inode in a registry, the one global of zbag; the last owner closes it, and removes the lock
// file when no other process has the bag open (lock_file.hpp).
//
// Before LMDB sees a file that nobody writes to, its pages are held against it (tree_check.hpp): a
// damaged one is refused. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "recorder/bag/pages/bag_tables.hpp"
#include "recorder/bag/pages/lmdb.hpp"
#include "recorder/bag/pages/lock_file.hpp"
#include "recorder/bag/records/layout.hpp"
#include "schemas/mutex.hpp"
#include "schemas/result.hpp"

namespace zbag {

class BlockCache;
class JournalLayer;

// The folder that holds `path`'s name: "." when it names none.
std::string folder_of(const std::string& path);

// A file's own syncs do not cover its name: without this a loss of power may leave all of it under
// none. A folder that may not be read can not be synced: it is passed over. kDiskFull, kIo.
Status sync_name(const std::string& path);

// The name a bag has while it is being made, in `path`'s folder: a kill leaves it behind.
std::string making_name(const std::string& path);
// Removes what makers of a bag, or of another output, at `path` have left that are dead and hold no
// lock: files and folders of ours, never what a link of such a name leads to.
void remove_leftovers(const std::string& path);

class BagFile {
 public:
  // kNotFound; kDamaged: not a bag, empty, truncated, a page that LMDB could not follow;
  // kNewerFormat; kBusy: this process has it open in the other way.
  static Result<std::shared_ptr<BagFile>> open_to_read(const std::string& path);
  // Holds the writer lock; from here on a loss of power leaves the file its name. Removes what
  // killed makers have left. kBusy names the present writer. `map_bytes`: address space to begin
  // with.
  static Result<std::shared_ptr<BagFile>> open_to_write(const std::string& path,
                                                        std::size_t map_bytes);
  // Makes a new, empty bag: complete under another name first, so that no instant shows half of
  // one. kExists: something has that name.
  static Status create(const std::string& path, std::size_t map_bytes);

  ~BagFile();
  BagFile(const BagFile&) = delete;
  BagFile& operator=(const BagFile&) = delete;

  // The bag as it stands now, whatever of it is in the journal still.
  Result<std::unique_ptr<ReadTxn>> read();

  Env& env() { return *env_; }
  const BagTables& tables() const { return tables_; }
  BlockCache& block_cache() { return *block_cache_; }  // of all readers of this object
  const std::string& path() const { return path_; }
  bool writable() const { return writable_; }
  int fd() const { return fd_; }  // of the open file, for the writer's own use
  FileId id() const { return *registered_as_; }
  std::uint64_t size_bytes() const;
  bool is_being_written() const;  // by whatever process

 private:
  BagFile();
  static Result<std::shared_ptr<BagFile>> open(const std::string& path, bool to_write,
                                               std::size_t map_bytes);
  static Result<std::shared_ptr<BagFile>> try_open(const std::string& path, bool to_write,
                                                   std::size_t map_bytes);
  static std::shared_ptr<BagFile> open_or_announce(BagFile& bag, FileId id);
  static Status lock_to_write(int fd, const std::string& path);
  Status check_pages() const;
  Result<bool> open_env(std::size_t map_bytes);
  Status open_tables();
  Status make_journal();
  Result<bool> find_journal(ReadTxn& txn);
  Status check_format(const Txn& txn) const;

  std::string path_;
  std::string real_path_;  // without symbolic links: where the lock file is
  std::unique_ptr<Env> env_;
  BagTables tables_;
  Mutex journal_mutex_;  // while the table of that name is looked for
  std::unique_ptr<BlockCache> block_cache_;
  std::unique_ptr<JournalLayer> journal_;
  int fd_ = -1;  // marks the bag as open (lock_file.hpp); a writer's holds the flock, too
  bool writable_ = false;
  std::optional<FileId> registered_as_;  // before it has an environment
};

// Whether a writer, of whatever process, holds the bag at `path`.
bool is_being_written(const std::string& path);

}  // namespace zbag
