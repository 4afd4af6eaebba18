// LMDB 0.9.24 behind RAII; the only header that stands for lmdb.h.
//
// Env is one open environment (a file); there may be one per file in a process (bag_file.hpp sees
// to that). WriteTxn belongs to the thread that began it. ReadTxn may move between threads; while
// any lives, the file's map cannot be resized, and pages it sees are not reused: keep it short.
//
// Values and keys come back as views into the map: valid until the transaction ends.
// Return codes become Errors: MDB_MAP_FULL and what is no room are kDiskFull, corruption kDamaged,
// MDB_NOTFOUND is an empty optional.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "schemas/mutex.hpp"
#include "schemas/result.hpp"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace zbag {

using Table = unsigned;  // MDB_dbi

class Env;

class Txn {
 public:
  virtual ~Txn();
  Txn(const Txn&) = delete;
  Txn& operator=(const Txn&) = delete;

  Result<std::optional<std::string_view>> get(Table table, std::string_view key) const;
  // Entries in the table.
  std::uint64_t entries(Table table) const;
  MDB_txn* raw() const { return txn_; }

 protected:
  explicit Txn(MDB_txn* txn) : txn_(txn) {}
  MDB_txn* txn_;
};

class ReadTxn : public Txn {
 public:
  ReadTxn(Env& env, MDB_txn* txn) : Txn(txn), env_(env) {}
  ~ReadTxn() override;
  // A table that exists; nullopt when it does not.
  Result<std::optional<Table>> open_table(const char* name);

 private:
  Env& env_;
};

class WriteTxn : public Txn {
 public:
  WriteTxn(Env& env, MDB_txn* txn) : Txn(txn), env_(env) {}

  // Opens `name`, creating it when missing. The handle is good once this transaction has committed.
  Result<Table> open_table(const char* name);
  Status put(Table table, std::string_view key, std::string_view value);
  // The same behind all keys of the table: it leaves full pages. kIo: the key is not behind them.
  Status append(Table table, std::string_view key, std::string_view value);
  // Room of `bytes` under `key`, to be filled before anything else is done with the transaction.
  Result<std::span<std::uint8_t>> reserve(Table table, std::string_view key, std::size_t bytes);
  Status erase(Table table, std::string_view key);  // fine when it is not there
  // Durable when it returns well. Consumes the transaction, well or not.
  Status commit();

 private:
  Status put(Table table, std::string_view key, std::string_view value, unsigned flags);
  Error failed(int rc, const char* what);

  Env& env_;
};

// Walks a table in key order. Lives within its transaction.
class TableCursor {
 public:
  static Result<TableCursor> open(const Txn& txn, Table table);

  struct Item {
    std::string_view key;
    std::string_view value;
  };
  // nullopt at the end.
  Result<std::optional<Item>> seek(std::string_view key);  // the first at or behind `key`
  Result<std::optional<Item>> next();
  Result<std::optional<Item>> previous();
  Result<std::optional<Item>> last();
  Result<std::optional<Item>> first();

 private:
  struct Closer {
    void operator()(MDB_cursor* cursor) const;
  };
  explicit TableCursor(MDB_cursor* cursor) : cursor_(cursor) {}
  Result<std::optional<Item>> move(unsigned op, std::string_view key = {});

  std::unique_ptr<MDB_cursor, Closer> cursor_;
};

class Env {
 public:
  struct Options {
    bool read_only = false;
    bool no_lock = false;       // for closed bags whose lock file cannot be written
    std::size_t map_bytes = 0;  // 0: as the file says
    // How often write() looks for readers whose process has died: what they saw keeps pages from
    // being used again, and the file grows.
    std::chrono::milliseconds dead_readers_every{10'000};
  };
  static constexpr unsigned kReadersMax = 1'000;
  static constexpr unsigned kTablesMax = 16;
  static std::string library_version();

  static Result<std::unique_ptr<Env>> open(const std::string& path, Options options);
  ~Env();

  Result<std::unique_ptr<ReadTxn>> read();
  // Frees the slots of dead readers first, now and then (Options::dead_readers_every).
  Result<std::unique_ptr<WriteTxn>> write();
  // Grows the map, where it must, so that a transaction that writes about `bytes` finds room: far
  // ahead of need, since that is address space and no disk. Waits up to 10 s for this process's
  // readers to end their transactions, then says kBusy. REQUIRES: no write transaction is open.
  Status make_room(std::size_t bytes);
  // After a failed write: true when it was for want of map, not of disk. Then the map is twice as
  // large now, and the write may be tried again. Errors and REQUIRES as make_room().
  Result<bool> grew_when_full();
  std::size_t map_bytes() const;
  std::size_t used_bytes() const;  // up to the last page in use
  // Of the open file, whatever it is called by now.
  std::uint64_t file_bytes() const;
  // Writes what is in use into a new file at `path`, not synced: no free pages between (of a large
  // file a few), and every page of a table as full as its entries allow. Those that came in any
  // order have left pages half empty, which a copy of pages would keep.
  // kDiskFull, kIo: also when something has that name.
  Status copy_used(const std::string& path);
  // Frees the slots of readers whose process has died.
  void clear_dead_readers();
  // Whether the lock file knows of a reader that lives, of whatever process; true where
  // none is used. REQUIRES: this process has no transaction open.
  bool has_readers();
  // Whether this is the file that `fd` is open on.
  bool is_open_on(int fd) const;

 private:
  friend class ReadTxn;
  friend class WriteTxn;
  Env(MDB_env* env, Options options) : env_(env), options_(options) {}
  Status grow(std::size_t bytes);
  Status resize(std::size_t bytes);
  Status append_all(Env& to);
  bool is_disk_full() const;
  bool is_at_limit() const;  // of what a file of this process may be
  bool must_look_for_dead_readers();

  MDB_env* env_;
  const Options options_;
  bool map_was_full_ = false;  // of the thread that writes
  Mutex mutex_;                // transactions begin and end on any thread
  Condition readers_gone_;
  int readers_ ZBAG_GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point looked_for_dead_readers_ ZBAG_GUARDED_BY(mutex_);
};

}  // namespace zbag
