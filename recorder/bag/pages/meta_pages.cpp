#include "recorder/bag/pages/meta_pages.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "recorder/bag/pages/free_pages.hpp"
#include "recorder/bag/pages/page_walk.hpp"
#include "schemas/byte_io.hpp"
#include "schemas/file_kind.hpp"

namespace zbag {
namespace {

using byte_io::load;

// lmdb.h and mdb.c of 0.9.24, 64-bit: a page header of 16 bytes, then MDB_meta.
constexpr std::uint32_t kLmdbMagic = 0xBEEFC0DE;
constexpr std::uint32_t kLmdbVersion = 1;
constexpr std::uint16_t kMetaPageFlag = 0x08;

// What a page says that LMDB takes for a meta page, sane or not.
std::optional<MetaPages> claimed_meta(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kMetaPageBytes) return std::nullopt;
  const std::uint8_t* const page = bytes.data();
  const bool is_meta = (load<std::uint16_t>(page + 10) & kMetaPageFlag) != 0 &&
                       load<std::uint32_t>(page + 16) == kLmdbMagic &&
                       load<std::uint32_t>(page + 20) == kLmdbVersion;
  if (!is_meta) return std::nullopt;
  MetaPages meta;
  meta.page_bytes = load<std::uint32_t>(page + 40);  // kept in the first database's padding
  meta.free_root = load<std::uint64_t>(page + 40 + 40);
  meta.main_root = load<std::uint64_t>(page + 88 + 40);
  meta.last_page = load<std::uint64_t>(page + 136);
  meta.txn = load<std::uint64_t>(page + 144);
  return meta;
}

bool is_sane(const MetaPages& meta) {
  return meta.page_bytes >= 512 && meta.page_bytes <= 65'536 &&
         (meta.page_bytes & (meta.page_bytes - 1)) == 0;
}

Error errno_of(const std::string& path, ErrorCode code) {
  return {code, fmt::format("{}: {}", path, std::strerror(errno))};
}

// LMDB believes what the newer meta page says of the size of pages, and reads the file by it.
Error impossible_pages(const std::string& path, const MetaPages& meta) {
  return {ErrorCode::kDamaged,
          fmt::format("{}: a meta page is damaged: it speaks of pages of {} bytes", path,
                      meta.page_bytes)};
}

// Of what is no bag, what it is where that is known.
Error other_file(int fd, const std::string& path) {
  std::array<char, kFileKindBytes> bytes{};
  const ssize_t size = ::pread(fd, bytes.data(), bytes.size(), 0);
  const std::string_view begin(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)));
  if (load<std::uint32_t>(reinterpret_cast<const std::uint8_t*>(bytes.data()) + 16) == kLmdbMagic)
    return {ErrorCode::kDamaged,
            fmt::format("{}: begins as a bag, but its first pages are cut off or damaged", path)};
  if (const char* const kind = kind_of_file(begin))
    return {ErrorCode::kDamaged, fmt::format("{}: this is {}; bags of zbag are read here, which "
                                             "zbag import makes of other recordings",
                                             path, kind)};
  if (begin.starts_with('{'))
    return {ErrorCode::kDamaged,
            fmt::format("{}: this is JSON; zbag import makes a bag of JSON lines", path)};
  return not_a_bag(path, "no LMDB meta page");
}

// Of a name without its ".zbag" that, too.
Error no_file(const std::string& path) {
  const std::string whole = path + ".zbag";
  Error error = errno_of(path, errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo);
  if (error.code == ErrorCode::kNotFound && ::access(whole.c_str(), F_OK) == 0)
    error.message += fmt::format("; did you mean {}?", whole);
  return error;
}

// The newer of the two.
Result<MetaPages> newer_meta(int fd, const std::string& path) {
  std::array<std::uint8_t, kMetaPageBytes> page{};
  std::optional<MetaPages> newest;
  if (::pread(fd, page.data(), page.size(), 0) == static_cast<ssize_t>(page.size()))
    newest = claimed_meta(page);
  if (newest && !is_sane(*newest)) return tl::unexpected(impossible_pages(path, *newest));
  // The second meta page begins where the first ends; without the first, try the usual size.
  const std::uint32_t page_bytes = newest ? newest->page_bytes : 4096;
  if (::pread(fd, page.data(), page.size(), page_bytes) == static_cast<ssize_t>(page.size())) {
    std::optional<MetaPages> second = claimed_meta(page);
    const bool is_newest = second && (!newest || second->txn > newest->txn);
    if (second && (newest ? second->page_bytes != newest->page_bytes : !is_sane(*second))) {
      if (is_newest) return tl::unexpected(impossible_pages(path, *second));
      second.reset();
    }
    const bool has_twin = newest && second && are_twins(*newest, *second);
    if (is_newest) newest = second;
    if (newest) newest->has_twin = has_twin;
  }
  if (!newest) return tl::unexpected(other_file(fd, path));
  return *newest;
}

// is_whole() of the file at `path`, mapped.
bool is_whole_file(const std::string& path, const MetaPages& meta) {
  const Result<MappedFile> file = MappedFile::open(path);
  return file && is_whole(PageFile(file->bytes(), meta.page_bytes), meta);
}

Result<std::uint64_t> size_of(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return tl::unexpected(errno_of(path, ErrorCode::kIo));
  if (S_ISDIR(status.st_mode)) return tl::unexpected(not_a_bag(path, "a directory"));
  if (status.st_size == 0) return tl::unexpected(not_a_bag(path, "the file is empty"));
  return static_cast<std::uint64_t>(status.st_size);
}

Result<MetaPages> read_meta_pages(int fd, const std::string& path) {
  if (const Result<std::uint64_t> size = size_of(fd, path); !size)
    return tl::unexpected(size.error());
  std::optional<std::uint64_t> looked_at;
  while (true) {
    Result<MetaPages> meta = newer_meta(fd, path);
    if (!meta) return meta;
    // The length as it is now, behind the metas: a writer may have grown the file meanwhile.
    const Result<std::uint64_t> size = size_of(fd, path);
    if (!size) return tl::unexpected(size.error());
    // Compared in pages: the product of a damaged number could overflow.
    const std::uint64_t there = *size / meta->page_bytes;
    if (meta->last_page < there || is_whole_file(path, *meta)) return meta;
    // A writer may have used what the list is kept on again, but not before it went on.
    if (looked_at == meta->txn) {
      return fail(ErrorCode::kDamaged,
                  fmt::format("{}: truncated: {} pages are there, page {} is in use; copy the "
                              "whole file again",
                              path, there, meta->last_page));
    }
    looked_at = meta->txn;
  }
}

}  // namespace

Error not_a_bag(const std::string& path, const char* why) {
  return {ErrorCode::kDamaged, fmt::format("{}: not a bag ({})", path, why)};
}

std::optional<MetaPages> parse_meta_page(std::span<const std::uint8_t> bytes) {
  const std::optional<MetaPages> meta = claimed_meta(bytes);
  return meta && is_sane(*meta) ? meta : std::nullopt;
}

bool are_twins(const MetaPages& one, const MetaPages& other) {
  const auto& [older, newer] =
      std::minmax(one, other, [](const MetaPages& a, const MetaPages& b) { return a.txn < b.txn; });
  if (newer.txn == 0) return true;  // as a file begins
  return newer.txn - older.txn == 1 && older.last_page <= newer.last_page;
}

// LMDB does not write a page that the transaction which took it gave back, wherever it lies.
bool is_whole(const PageFile& file, const MetaPages& meta) {
  return meta.last_page < file.count() ||
         are_free(file, meta.free_root, file.count(), meta.last_page + 1);
}

Result<MetaPages> read_meta_pages(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return tl::unexpected(no_file(path));
  Result<MetaPages> meta = read_meta_pages(fd, path);
  ::close(fd);
  return meta;
}

}  // namespace zbag
