#include "recorder/bag/bag_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <filesystem>
#include <map>
#include <thread>
#include <vector>

#include "recorder/bag/block/block_cache.hpp"
#include "recorder/bag/journal/journal_layer.hpp"
#include "recorder/bag/pages/file_descriptor.hpp"
#include "recorder/bag/pages/lock_file.hpp"
#include "recorder/bag/pages/meta_pages.hpp"
#include "recorder/bag/pages/tree_check.hpp"
#include "schemas/mutex.hpp"
#include "schemas/no_room.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {
namespace {

// The files open in this process. A function's static, so that it exists before its first use.
struct Registry {
  Mutex mutex;  // bags are opened from any thread
  Condition changed;
  // An entry is there from before the environment is opened until it is closed, which is after the
  // last owner is gone; before and after there is an owner nobody is lent it.
  std::map<FileId, std::weak_ptr<BagFile>> files ZBAG_GUARDED_BY(mutex);
};
Registry& registry() {
  static Registry instance;
  return instance;
}

// Of the longest of the names that a bag needs.
Status check_length(const std::string& path) {
  const std::size_t bytes = std::filesystem::path(path).filename().string().size();
  if (bytes <= NAME_MAX) return {};
  return fail(ErrorCode::kIo, fmt::format("its name is {} bytes too long", bytes - NAME_MAX));
}

// Whether the writer's lock can be had: then nobody writes.
bool is_lock_free(int fd) {
  if (::flock(fd, LOCK_SH | LOCK_NB) != 0) return false;
  ::flock(fd, LOCK_UN);
  return true;
}

// False: somebody writes. Who only looks whether somebody does has a lock for an instant, too.
bool take_writer_lock(int fd) {
  constexpr int kTries = 10'000;  // far more than anybody looks in a row
  for (int i = 0; i < kTries; ++i) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (!is_lock_free(fd)) return false;
    std::this_thread::yield();
  }
  return false;
}

std::string writer_text(const std::string& path) {
  Result<std::shared_ptr<BagFile>> file = BagFile::open_to_read(path);
  if (!file) return "another process";
  Result<std::unique_ptr<ReadTxn>> txn = (*file)->env().read();
  if (!txn) return "another process";
  const auto bytes = (*txn)->get((*file)->tables().meta, kWriterKey);
  if (!bytes || !*bytes) return "another process";
  const Result<WriterRecord> writer = WriterRecord::decode(**bytes);
  if (!writer) return "another process";
  return fmt::format("{} (pid {} on {})", writer->node, writer->pid, writer->host);
}

}  // namespace

Status sync_name(const std::string& path) {
  const std::string folder = folder_of(path);
  const FileDescriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems have no such call.
  const bool is_done = file.get() < 0 || ::fsync(file.get()) == 0 || errno == EINVAL;
  if (is_done) return {};
  return fail(is_no_room(errno) ? ErrorCode::kDiskFull : ErrorCode::kIo,
              fmt::format("{}: {}", folder, std::strerror(errno)));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

bool is_being_written(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  return file.get() >= 0 && !is_lock_free(file.get());
}

Result<std::shared_ptr<BagFile>> BagFile::open_to_read(const std::string& path) {
  return open(path, false, 0);
}

Result<std::shared_ptr<BagFile>> BagFile::open_to_write(const std::string& path,
                                                        std::size_t map_bytes) {
  return open(path, true, map_bytes);
}

// From here on this process is the only writer, and a loss of power leaves the file its name.
Status BagFile::lock_to_write(int fd, const std::string& path) {
  if (!take_writer_lock(fd)) {
    return fail(ErrorCode::kBusy,
                fmt::format("{} is being written by {}", path, writer_text(path)));
  }
  remove_leftovers(path);
  return sync_name(path);
}

Result<std::shared_ptr<BagFile>> BagFile::open(const std::string& path, bool to_write,
                                               std::size_t map_bytes) {
  constexpr int kTries = 100;  // far more than anybody replaces a bag while it is opened
  for (int i = 0; i < kTries; ++i) {
    Result<std::shared_ptr<BagFile>> file = try_open(path, to_write, map_bytes);
    if (!file || *file) return file;
  }
  return fail(ErrorCode::kBusy, fmt::format("{} is replaced again and again", path));
}

// Null when the name leads to another file by now.
Result<std::shared_ptr<BagFile>> BagFile::try_open(const std::string& path, bool to_write,
                                                   std::size_t map_bytes) {
  if (const Result<MetaPages> meta = read_meta_pages(path); !meta)
    return tl::unexpected(meta.error());
  FileDescriptor file(
      ::open(path.c_str(), (to_write ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  if (to_write) {
    if (Status locked = lock_to_write(file.get(), path); !locked)
      return tl::unexpected(locked.error());
  }
  const FileId id{status.st_dev, status.st_ino};
  std::shared_ptr<BagFile> bag(new BagFile);
  if (const std::shared_ptr<BagFile> open = open_or_announce(*bag, id)) {
    if (!to_write) return open;
    return fail(ErrorCode::kBusy, fmt::format("{} is open in this process already", path));
  }
  bag->path_ = path;
  bag->fd_ = file.release();
  bag->writable_ = to_write;
  if (Status marked = mark_opening(bag->fd_); !marked) return fail(marked.error(), path);
  if (Status sound = bag->check_pages(); !sound) return tl::unexpected(sound.error());
  const Result<bool> is_open = bag->open_env(map_bytes);
  if (!is_open) return tl::unexpected(is_open.error());
  if (!*is_open) return std::shared_ptr<BagFile>();
  mark_open(bag->fd_);
  if (Status opened = bag->open_tables(); !opened) return tl::unexpected(opened.error());
  Registry& known = registry();
  {
    const MutexLock lock(known.mutex);
    known.files[id] = bag;
  }
  known.changed.notify_all();
  return bag;
}

// The file that is open in this process. Null: there is none, and who else opens it waits for
// `bag`, until it is registered or gone; other files are opened meanwhile.
std::shared_ptr<BagFile> BagFile::open_or_announce(BagFile& bag, FileId id) {
  std::shared_ptr<BagFile> open;
  Registry& known = registry();
  MutexLock lock(known.mutex);
  known.changed.wait(lock, [&]() ZBAG_REQUIRES(known.mutex) {
    const auto found = known.files.find(id);
    if (found != known.files.end()) open = found->second.lock();
    return open || found == known.files.end();
  });
  if (open) return open;
  known.files.try_emplace(id);
  bag.registered_as_ = id;
  return nullptr;
}

// What somebody else is writing to is as sound as its LMDB finds it.
Status BagFile::check_pages() const {
  constexpr int kTries = 100;  // far more than writers come while pages are walked
  for (int i = 0; i < kTries; ++i) {
    if (!writable_ && !is_lock_free(fd_)) return {};
    const Result<MetaPages> before = read_meta_pages(path_);
    if (!before) return tl::unexpected(before.error());
    Status sound = check_trees(path_, *before, writable_ ? TreeUse::kWrite : TreeUse::kRead);
    if (sound || sound.error().code != ErrorCode::kDamaged) return sound;
    const Result<MetaPages> after = read_meta_pages(path_);
    const bool is_at_rest = writable_ || is_lock_free(fd_);
    if (is_at_rest && (!after || after->txn == before->txn))
      return fail(ErrorCode::kDamaged,
                  sound.error().message + "; zbag recover saves what is intact");
  }
  return fail(ErrorCode::kBusy, path_ + ": writers come and go while it is opened");
}

// False: the name leads to another file than was marked as being opened.
Result<bool> BagFile::open_env(std::size_t map_bytes) {
  // LMDB calls the lock file by the name it is given: all must give it the same one.
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path_, error);
  real_path_ = error ? path_ : real.string();
  if (!is_named(fd_, real_path_)) return false;
  Result<std::unique_ptr<Env>> env =
      Env::open(real_path_, {.read_only = !writable_, .map_bytes = map_bytes});
  if (!env && !writable_ && ::access(lock_file_of(real_path_).c_str(), W_OK) != 0) {
    // No lock file can be made here. A bag nobody writes can be read without one.
    if (!is_lock_free(fd_)) {
      return fail(ErrorCode::kBusy, fmt::format("{} cannot be written and the bag is being "
                                                "recorded; copy it with zbag cut as its owner",
                                                lock_file_of(path_)));
    }
    env = Env::open(real_path_, {.read_only = true, .no_lock = true});
  }
  const bool is_still_named = is_named(fd_, real_path_);
  if (!env && is_still_named) return tl::unexpected(env.error());
  if (!env || !is_still_named || !(*env)->is_open_on(fd_)) return false;
  env_ = std::move(*env);
  return true;
}

Status BagFile::open_tables() {
  Result<std::unique_ptr<ReadTxn>> txn = env_->read();
  if (!txn) return tl::unexpected(txn.error());
  const std::array<std::pair<const char*, Table*>, 6> wanted = {
      {{kMetaTable, &tables_.meta},
       {kTracksTable, &tables_.tracks},
       {kBlocksTable, &tables_.blocks},
       {kOrderTable, &tables_.order},
       {kLossesTable, &tables_.losses},
       {kAttachmentsTable, &tables_.attachments}}};
  Status format;
  for (const auto& [name, table] : wanted) {
    Result<std::optional<Table>> opened = (*txn)->open_table(name);
    if (!opened) return tl::unexpected(opened.error());
    if (!*opened)
      return tl::unexpected(
          not_a_bag(path_, fmt::format("an LMDB file without table {}", name).c_str()));
    *table = **opened;
    if (table != &tables_.meta) continue;
    format = check_format(**txn);
    // A later format may have other tables; what is no bag of ours lacks some of them.
    if (!format && format.error().code == ErrorCode::kNewerFormat) return format;
  }
  if (!format) return format;
  const Result<bool> has_journal = find_journal(**txn);
  if (!has_journal) return tl::unexpected(has_journal.error());
  txn->reset();
  return *has_journal || !writable_ ? Status() : make_journal();
}

// Of a bag that had none when it was opened, another process may have made it meanwhile.
Result<bool> BagFile::find_journal(ReadTxn& txn) {
  const MutexLock lock(journal_mutex_);
  if (tables_.journal != 0) return true;
  const Result<std::optional<Table>> journal = txn.open_table(kJournalTable);
  if (!journal) return tl::unexpected(journal.error());
  tables_.journal = journal->value_or(0);
  return tables_.journal != 0;
}

// Of bags that had none yet.
Status BagFile::make_journal() {
  Result<std::unique_ptr<WriteTxn>> txn = env_->write();
  if (!txn) return tl::unexpected(txn.error());
  const Result<Table> journal = (*txn)->open_table(kJournalTable);
  if (!journal) return tl::unexpected(journal.error());
  tables_.journal = *journal;
  return (*txn)->commit();
}

Status BagFile::check_format(const Txn& txn) const {
  const auto bytes = txn.get(tables_.meta, kBagKey);
  if (!bytes || !*bytes) return tl::unexpected(not_a_bag(path_, "no format version"));
  const Result<BagRecord> record = BagRecord::decode(**bytes);
  if (!record) return fail(record.error(), path_);
  if (record->format <= kBagFormat) return {};
  return fail(ErrorCode::kNewerFormat,
              fmt::format("{} has format {}, written by {}; this zbag {} reads up to format {}: "
                          "update it",
                          path_, record->format, record->creator, kZbagVersion, kBagFormat));
}

std::string making_name(const std::string& path) {
  return fmt::format("{}.making-{}", path, ::getpid());
}

namespace {

// What this user has made, and no link.
void remove_our_own(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || status.st_uid != ::geteuid()) return;
  std::error_code error;
  if (S_ISREG(status.st_mode)) ::unlink(path.c_str());
  if (S_ISDIR(status.st_mode)) std::filesystem::remove_all(path, error);  // follows no link
}

}  // namespace

void remove_leftovers(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string lock = lock_file_of("");
  const std::string prefix = fs::path(path).filename().string() + ".making-";
  std::error_code error;
  for (fs::directory_iterator at(folder_of(path), error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename();
    if (!name.starts_with(prefix)) continue;
    pid_t pid = 0;
    const char* const name_end = name.data() + name.size();
    const auto number = std::from_chars(name.data() + prefix.size(), name_end, pid);
    const std::string_view rest(number.ptr, static_cast<std::size_t>(name_end - number.ptr));
    // A copy is made under such a name, and as a bag under such a name of that.
    const bool is_ours = rest.empty() || rest == lock || rest.starts_with(".making-");
    if (number.ec != std::errc() || pid <= 0 || !is_ours) continue;
    if (::kill(pid, 0) == 0 || errno != ESRCH) continue;
    // In another container that number may live: its lock says so.
    std::string made = at->path();
    if (made.ends_with(lock)) made.resize(made.size() - lock.size());
    if (!is_being_written(made)) remove_our_own(at->path());
  }
}

Status BagFile::create(const std::string& path, std::size_t map_bytes) {
  if (::access(path.c_str(), F_OK) == 0) {
    return fail(ErrorCode::kExists, fmt::format("{} exists; zbag never overwrites a bag", path));
  }
  const std::string making = making_name(path);
  if (Status fits = check_length(lock_file_of(making)); !fits)
    return fail(fits.error(), fmt::format("create {}", path));
  const auto remove_making = [&] {
    ::unlink(making.c_str());
    ::unlink(lock_file_of(making).c_str());
  };
  remove_making();  // of a process that had our number and was killed
  const FileDescriptor file(::open(making.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0664));
  if (file.get() < 0 || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
    if (is_no_room(errno)) code = ErrorCode::kDiskFull;
    return fail(code, fmt::format("create {}: {}", path, std::strerror(errno)));
  }
  const auto make = [&]() -> Status {
    Result<std::unique_ptr<Env>> env = Env::open(making, {.map_bytes = map_bytes});
    if (!env) return tl::unexpected(env.error());
    Result<std::unique_ptr<WriteTxn>> txn = (*env)->write();
    if (!txn) return tl::unexpected(txn.error());
    for (const char* name : {kTracksTable, kBlocksTable, kOrderTable, kLossesTable,
                             kAttachmentsTable, kJournalTable}) {
      if (const Result<Table> table = (*txn)->open_table(name); !table)
        return tl::unexpected(table.error());
    }
    const Result<Table> meta = (*txn)->open_table(kMetaTable);
    if (!meta) return tl::unexpected(meta.error());
    const BagRecord record{kBagFormat, fmt::format("zbag {}", kZbagVersion), wall_seconds()};
    if (Status put = (*txn)->put(*meta, kBagKey, record.encode()); !put) return put;
    return (*txn)->commit();
  };
  Status made = make();
  const auto give_name = [&]() -> Status {
    if (::link(making.c_str(), path.c_str()) == 0) return {};
    return fail(errno == EEXIST ? ErrorCode::kExists : ErrorCode::kIo,
                fmt::format("{}: {}", path, std::strerror(errno)));
  };
  if (made) made = name_bag(making, path, give_name);
  remove_making();
  if (!made) return fail(made.error(), fmt::format("create {}", path));
  return {};
}

Result<std::unique_ptr<ReadTxn>> BagFile::read() {
  Result<std::unique_ptr<ReadTxn>> txn = env_->read();
  if (!txn) return txn;
  const Result<bool> has_journal = find_journal(**txn);
  if (!has_journal) return fail(has_journal.error(), path_);
  if (!*has_journal) return txn;
  Result<std::shared_ptr<const Overlay>> overlay = journal_->over(**txn, tables_);
  if (!overlay) return fail(overlay.error(), path_);
  (*txn)->lay_over(std::move(*overlay));
  return txn;
}

BagFile::BagFile()
    : block_cache_(std::make_unique<BlockCache>()), journal_(std::make_unique<JournalLayer>()) {}

BagFile::~BagFile() {
  if (!registered_as_) return;  // another one was open
  const bool had_env = env_ != nullptr;
  const bool has_strangers = had_env && env_->has_readers();
  env_.reset();
  if (fd_ >= 0) ::close(fd_);
  // While nobody else of this process can open it, where it was a bag.
  if (had_env && !has_strangers) remove_lock_file(real_path_, *registered_as_);
  Registry& known = registry();
  {
    const MutexLock lock(known.mutex);
    known.files.erase(*registered_as_);
  }
  known.changed.notify_all();
}

bool BagFile::is_being_written() const { return writable() || zbag::is_being_written(path_); }

std::uint64_t BagFile::size_bytes() const { return env_->file_bytes(); }

}  // namespace zbag
