#include "recorder/bag/pages/lmdb.hpp"

#include <fmt/format.h>
#include <lmdb.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "recorder/bag/pages/commit_clock.hpp"
#include "schemas/check.hpp"
#include "schemas/no_room.hpp"

namespace zbag {
namespace {

// Of the thread, so that no transaction has to know who measures.
thread_local std::chrono::nanoseconds committing_time{0};

Error error_of(int rc, const std::string& what) {
  ErrorCode code = ErrorCode::kIo;
  if (rc == MDB_MAP_FULL || is_no_room(rc)) code = ErrorCode::kDiskFull;
  if (rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_INVALID)
    code = ErrorCode::kDamaged;
  if (rc == MDB_VERSION_MISMATCH) code = ErrorCode::kNewerFormat;
  if (rc == ENOENT) code = ErrorCode::kNotFound;
  if (rc == MDB_READERS_FULL) code = ErrorCode::kBusy;
  return {code, fmt::format("{}: {}", what, mdb_strerror(rc))};
}

MDB_val val_of(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

std::string_view view_of(const MDB_val& val) {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

int open_once(MDB_env* env, const std::string& path, const Env::Options& options) {
  int rc = mdb_env_set_maxreaders(env, Env::kReadersMax);
  if (rc == MDB_SUCCESS) rc = mdb_env_set_maxdbs(env, Env::kTablesMax);
  if (rc == MDB_SUCCESS && options.map_bytes > 0) rc = mdb_env_set_mapsize(env, options.map_bytes);
  unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
  if (options.read_only) flags |= MDB_RDONLY;
  if (options.no_lock) flags |= MDB_NOLOCK;
  return rc == MDB_SUCCESS ? mdb_env_open(env, path.c_str(), flags, 0664) : rc;
}

}  // namespace

Txn::~Txn() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

Result<std::optional<std::string_view>> Txn::get(Table table, std::string_view key) const {
  if (const Overlay::Entries* over = overlay_ ? overlay_->of(table) : nullptr) {
    if (const auto entry = over->find(key); entry != over->end())
      return std::optional<std::string_view>(entry->second);
  }
  MDB_val key_val = val_of(key);
  MDB_val value{};
  const int rc = mdb_get(txn_, table, &key_val, &value);
  if (rc == MDB_NOTFOUND) return std::optional<std::string_view>();
  if (rc != MDB_SUCCESS) return tl::unexpected(error_of(rc, "get"));
  return std::optional(view_of(value));
}

std::uint64_t Txn::entries(Table table) const {
  MDB_stat stat{};
  return mdb_stat(txn_, table, &stat) == MDB_SUCCESS ? stat.ms_entries : 0;
}

std::uint64_t Txn::id() const { return mdb_txn_id(txn_); }

ReadTxn::~ReadTxn() {
  // Committing, not aborting: tables opened in this transaction stay open.
  mdb_txn_commit(std::exchange(txn_, nullptr));
  {
    const MutexLock lock(env_.mutex_);
    --env_.readers_;
  }
  env_.readers_gone_.notify_all();
}

Result<std::optional<Table>> ReadTxn::open_table(const char* name) {
  Table table = 0;
  const int rc = mdb_dbi_open(txn_, name, 0, &table);
  if (rc == MDB_NOTFOUND) return std::optional<Table>();
  if (rc != MDB_SUCCESS) return tl::unexpected(error_of(rc, fmt::format("open table {}", name)));
  return std::optional(table);
}

Error WriteTxn::failed(int rc, const char* what) {
  if (rc == MDB_MAP_FULL) env_.map_was_full_ = true;
  // LMDB says EIO of a write that was cut short, which is what the last one is that finds any room.
  if (rc == EIO && env_.is_disk_full()) rc = ENOSPC;
  if (rc == EIO && env_.is_at_limit()) rc = EFBIG;
  return error_of(rc, what);
}

Result<Table> WriteTxn::open_table(const char* name) {
  Table table = 0;
  const int rc = mdb_dbi_open(txn_, name, MDB_CREATE, &table);
  if (rc != MDB_SUCCESS) return tl::unexpected(error_of(rc, fmt::format("open table {}", name)));
  return table;
}

Status WriteTxn::put(Table table, std::string_view key, std::string_view value) {
  MDB_val key_val = val_of(key);
  MDB_val value_val = val_of(value);
  const int rc = mdb_put(txn_, table, &key_val, &value_val, 0);
  if (rc != MDB_SUCCESS) return tl::unexpected(failed(rc, "put"));
  return {};
}

Status WriteTxn::append(Table table, std::string_view key, std::string_view value) {
  MDB_val key_val = val_of(key);
  MDB_val value_val = val_of(value);
  const int rc = mdb_put(txn_, table, &key_val, &value_val, MDB_APPEND);
  if (rc != MDB_SUCCESS) return tl::unexpected(failed(rc, "put"));
  return {};
}

Result<std::span<std::uint8_t>> WriteTxn::reserve(Table table, std::string_view key,
                                                  std::size_t bytes) {
  MDB_val key_val = val_of(key);
  MDB_val value{bytes, nullptr};
  const int rc = mdb_put(txn_, table, &key_val, &value, MDB_RESERVE);
  if (rc != MDB_SUCCESS) return tl::unexpected(failed(rc, "put"));
  return std::span(static_cast<std::uint8_t*>(value.mv_data), bytes);
}

Status WriteTxn::erase(Table table, std::string_view key) {
  MDB_val key_val = val_of(key);
  const int rc = mdb_del(txn_, table, &key_val, nullptr);
  if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) return tl::unexpected(failed(rc, "delete"));
  return {};
}

std::chrono::nanoseconds committing_time_of_thread() { return committing_time; }

Status WriteTxn::commit() {
  // LMDB frees the handle whether or not the commit succeeds.
  const auto began = std::chrono::steady_clock::now();
  const int rc = mdb_txn_commit(std::exchange(txn_, nullptr));
  committing_time += std::chrono::steady_clock::now() - began;
  if (rc != MDB_SUCCESS) return tl::unexpected(failed(rc, "commit"));
  return {};
}

void TableCursor::Closer::operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }

Result<TableCursor> TableCursor::open(const Txn& txn, Table table) {
  MDB_cursor* cursor = nullptr;
  const int rc = mdb_cursor_open(txn.raw(), table, &cursor);
  if (rc != MDB_SUCCESS) return tl::unexpected(error_of(rc, "cursor"));
  return TableCursor(cursor, txn.overlay() ? txn.overlay()->of(table) : nullptr);
}

Result<std::optional<TableCursor::Item>> TableCursor::move(unsigned op, std::string_view key) {
  MDB_val key_val = val_of(key);
  MDB_val value{};
  const int rc = mdb_cursor_get(cursor_.get(), &key_val, &value, static_cast<MDB_cursor_op>(op));
  if (rc == MDB_NOTFOUND) return std::optional<Item>();
  if (rc != MDB_SUCCESS) return tl::unexpected(error_of(rc, "cursor"));
  return std::optional(Item{view_of(key_val), view_of(value)});
}

// The nearer of the table's own item and the entry laid over; of one key, the entry.
Result<std::optional<TableCursor::Item>> TableCursor::give(Result<std::optional<Item>> own,
                                                           Overlay::Entries::const_iterator over,
                                                           bool backwards) {
  if (!own) return own;
  const bool has_over = over != over_->end();
  const bool is_own =
      *own && (!has_over || (backwards ? (*own)->key > over->first : (*own)->key < over->first));
  std::optional<Item> item;
  if (is_own) item = **own;
  if (!is_own && has_over) item = Item{over->first, over->second};
  at_ = item ? std::string(item->key) : std::string();
  return item;
}

Result<std::optional<TableCursor::Item>> TableCursor::own_before(std::string_view key) {
  Result<std::optional<Item>> item = move(MDB_SET_RANGE, key);
  if (!item) return item;
  return move(*item ? MDB_PREV : MDB_LAST);
}

Result<std::optional<TableCursor::Item>> TableCursor::seek(std::string_view key) {
  Result<std::optional<Item>> own = move(MDB_SET_RANGE, key);
  return over_ == nullptr ? own : give(std::move(own), over_->lower_bound(key), false);
}
Result<std::optional<TableCursor::Item>> TableCursor::first() {
  Result<std::optional<Item>> own = move(MDB_FIRST);
  return over_ == nullptr ? own : give(std::move(own), over_->begin(), false);
}
Result<std::optional<TableCursor::Item>> TableCursor::last() {
  Result<std::optional<Item>> own = move(MDB_LAST);
  if (over_ == nullptr) return own;
  return give(std::move(own), over_->empty() ? over_->end() : std::prev(over_->end()), true);
}

// The table's own place is found anew: what is laid over is small, and most tables have none.
Result<std::optional<TableCursor::Item>> TableCursor::next() {
  if (over_ == nullptr) return move(MDB_NEXT);
  if (at_.empty()) return std::optional<Item>();
  const std::string at = std::exchange(at_, {});
  Result<std::optional<Item>> own = move(MDB_SET_RANGE, at);
  if (own && *own && (*own)->key == at) own = move(MDB_NEXT);
  return give(std::move(own), over_->upper_bound(at), false);
}
Result<std::optional<TableCursor::Item>> TableCursor::previous() {
  if (over_ == nullptr) return move(MDB_PREV);
  if (at_.empty()) return std::optional<Item>();
  const std::string at = std::exchange(at_, {});
  const auto over = over_->lower_bound(at);
  return give(own_before(at), over == over_->begin() ? over_->end() : std::prev(over), true);
}

// Another process that opens or closes the file at this instant makes the open fail. So does one
// that was killed while it made the lock file, which has no mark then: it is made anew once
// everybody who found it so has let go.
Result<std::unique_ptr<Env>> Env::open(const std::string& path, Options options) {
  constexpr int kTries = 20;
  int rc = MDB_SUCCESS;
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) std::this_thread::sleep_for(std::chrono::milliseconds(i));
    MDB_env* raw = nullptr;
    rc = mdb_env_create(&raw);
    if (rc != MDB_SUCCESS) break;
    std::unique_ptr<Env> env(new Env(raw, options));  // one that could not be opened is of no use
    rc = open_once(raw, path, options);
    if (rc == MDB_SUCCESS) return env;
    if (rc != EAGAIN && rc != EBUSY && rc != MDB_INVALID) break;
  }
  return tl::unexpected(error_of(rc, path));
}

std::string Env::library_version() {
  return fmt::format("{}.{}.{}", MDB_VERSION_MAJOR, MDB_VERSION_MINOR, MDB_VERSION_PATCH);
}

Env::~Env() { mdb_env_close(env_); }

Result<std::unique_ptr<ReadTxn>> Env::read() {
  // Counted before it begins, so that no resize comes between.
  MutexLock lock(mutex_);
  MDB_txn* txn = nullptr;
  int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (rc == MDB_MAP_RESIZED) {
    // Another process has grown the file. Our own readers must end before the map may move.
    if (!readers_gone_.wait_for(lock, std::chrono::seconds(10),
                                [&]() ZBAG_REQUIRES(mutex_) { return readers_ == 0; })) {
      return fail(ErrorCode::kBusy,
                  "the bag has grown and a reader of this process holds the old map");
    }
    rc = mdb_env_set_mapsize(env_, 0);
    if (rc == MDB_SUCCESS) rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  }
  if (rc != MDB_SUCCESS) return tl::unexpected(error_of(rc, "begin reading"));
  ++readers_;
  return std::make_unique<ReadTxn>(*this, txn);
}

bool Env::must_look_for_dead_readers() {
  const auto now = std::chrono::steady_clock::now();
  const MutexLock lock(mutex_);
  if (now - looked_for_dead_readers_ < options_.dead_readers_every) return false;
  looked_for_dead_readers_ = now;
  return true;
}

Result<std::unique_ptr<WriteTxn>> Env::write() {
  if (must_look_for_dead_readers()) clear_dead_readers();
  MDB_txn* txn = nullptr;
  int rc = mdb_txn_begin(env_, nullptr, 0, &txn);
  if (rc == MDB_MAP_RESIZED) {
    if (Status status = resize(0); !status) return tl::unexpected(status.error());
    rc = mdb_txn_begin(env_, nullptr, 0, &txn);
  }
  if (rc != MDB_SUCCESS) return tl::unexpected(error_of(rc, "begin writing"));
  return std::make_unique<WriteTxn>(*this, txn);
}

Status Env::resize(std::size_t bytes) {
  MutexLock lock(mutex_);
  if (!readers_gone_.wait_for(lock, std::chrono::seconds(10),
                              [&]() ZBAG_REQUIRES(mutex_) { return readers_ == 0; })) {
    return fail(ErrorCode::kBusy, "the map must grow and a reader of this process does not let go");
  }
  const int rc = mdb_env_set_mapsize(env_, bytes);
  if (rc != MDB_SUCCESS) return tl::unexpected(error_of(rc, "grow the map"));
  return {};
}

Status Env::make_room(std::size_t bytes) {
  constexpr std::size_t kSpare = 8u << 20;
  // Rows may be written twice, and pages round both up.
  const std::size_t needed = used_bytes() + 4 * bytes + kSpare;
  return needed < map_bytes() ? Status() : grow(needed);
}

Result<bool> Env::grew_when_full() {
  if (!std::exchange(map_was_full_, false)) return false;
  if (Status grown = grow(0); !grown) return tl::unexpected(grown.error());
  return true;
}

// To `bytes` at least: twice what it was, so that it is rare.
Status Env::grow(std::size_t bytes) {
  constexpr std::size_t kMapMin = 64u << 20;
  return resize(std::max({bytes, map_bytes() * 2, kMapMin}));
}

std::size_t Env::map_bytes() const {
  MDB_envinfo info{};
  ZBAG_CHECK(mdb_env_info(env_, &info) == MDB_SUCCESS);
  return info.me_mapsize;
}

std::size_t Env::used_bytes() const {
  MDB_envinfo info{};
  MDB_stat stat{};
  ZBAG_CHECK(mdb_env_info(env_, &info) == MDB_SUCCESS && mdb_env_stat(env_, &stat) == MDB_SUCCESS);
  return (info.me_last_pgno + 1) * stat.ms_psize;
}

// Each entry of LMDB's own table of free pages is a list that begins with its length (mdb.c).
Result<std::uint64_t> Env::free_bytes() {
  constexpr Table kFreeTable = 0;
  const Result<std::unique_ptr<ReadTxn>> txn = read();
  if (!txn) return tl::unexpected(txn.error());
  Result<TableCursor> cursor = TableCursor::open(**txn, kFreeTable);
  if (!cursor) return tl::unexpected(cursor.error());
  std::uint64_t pages = 0;
  auto item = cursor->first();
  for (; item && *item; item = cursor->next()) {
    std::size_t length = 0;
    if ((*item)->value.size() < sizeof length)
      return fail(ErrorCode::kDamaged, "the list of free pages is not sound");
    std::memcpy(&length, (*item)->value.data(), sizeof length);
    pages += length;
  }
  if (!item) return tl::unexpected(item.error());
  MDB_stat stat{};
  ZBAG_CHECK(mdb_env_stat(env_, &stat) == MDB_SUCCESS);
  return pages * stat.ms_psize;
}

bool Env::is_disk_full() const {
  constexpr std::uint64_t kFullBytes = 64u << 10;
  mdb_filehandle_t file = -1;
  struct statvfs disk {};
  ZBAG_CHECK(mdb_env_get_fd(env_, &file) == MDB_SUCCESS);
  return ::fstatvfs(file, &disk) == 0 && disk.f_bavail * disk.f_frsize < kFullBytes;
}

bool Env::is_at_limit() const {
  struct rlimit limit {};
  return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && file_bytes() >= limit.rlim_cur;
}

std::uint64_t Env::file_bytes() const {
  mdb_filehandle_t file = -1;
  struct stat status {};
  ZBAG_CHECK(mdb_env_get_fd(env_, &file) == MDB_SUCCESS && ::fstat(file, &status) == 0);
  return static_cast<std::uint64_t>(status.st_size);
}

void Env::clear_dead_readers() {
  int dead = 0;
  static_cast<void>(mdb_reader_check(env_, &dead));  // best effort, write() repeats it
}

bool Env::has_readers() {
  if (options_.no_lock) return true;
  clear_dead_readers();
  // Readers come one a line behind a heading; that there are none is one line, too.
  int lines = 0;
  const auto count = [](const char*, void* context) {
    ++*static_cast<int*>(context);
    return 0;
  };
  static_cast<void>(mdb_reader_list(env_, count, &lines));
  return lines > 1;
}

bool Env::is_open_on(int fd) const {
  mdb_filehandle_t file = -1;
  struct stat ours {};
  struct stat other {};
  ZBAG_CHECK(mdb_env_get_fd(env_, &file) == MDB_SUCCESS && ::fstat(file, &ours) == 0);
  return ::fstat(fd, &other) == 0 && ours.st_dev == other.st_dev && ours.st_ino == other.st_ino;
}

}  // namespace zbag
