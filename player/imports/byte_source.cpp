#include "player/imports/byte_source.hpp"

#include <fmt/format.h>
#include <lzma.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "schemas/file_kind.hpp"

namespace zbag {
namespace {

constexpr std::uint64_t kXzMemoryMax = 512ull << 20;
constexpr std::size_t kReadBytes = 64u << 10;
constexpr std::string_view kXz(
    "\xfd"
    "7zXZ\0",
    6);

// Nothing that is known and no text of JSON lines could be.
const char* kind_beside_lines(std::string_view begin) {
  if (const char* const kind = kind_of_file(begin)) return kind;
  const std::size_t at = begin.find_first_not_of(" \t\r\n");
  const bool is_object = at == std::string_view::npos || begin[at] == '{';
  return is_object ? nullptr : "no JSON lines: the first is no object";
}

}  // namespace

struct ByteSource::Xz {
  lzma_stream stream = LZMA_STREAM_INIT;
};

void ByteSource::XzEnd::operator()(Xz* xz) const {
  lzma_end(&xz->stream);
  delete xz;
}

Result<ByteSource> ByteSource::open(const std::string& path, GoesOn goes_on) {
  const bool is_stdin = path == "-";
  const int duplicate = is_stdin ? ::dup(STDIN_FILENO) : -1;
  FileHandle file(is_stdin ? ::fdopen(duplicate, "rb") : std::fopen(path.c_str(), "rbe"));
  if (!file) {
    return fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                fmt::format("{}: {}", is_stdin ? "stdin" : path, std::strerror(errno)));
  }
  ByteSource source(is_stdin ? "stdin" : path, std::move(file), std::move(goes_on));
  source.in_.resize(kReadBytes);
  struct stat status {};
  if (::fstat(::fileno(source.file_.get()), &status) == 0 && S_ISREG(status.st_mode))
    source.size_ = static_cast<std::uint64_t>(status.st_size);
  const Result<std::string_view> begin = source.read_begin();
  if (!begin) return tl::unexpected(begin.error());
  if (begin->starts_with(kXz) || path.ends_with(".xz")) {
    if (Status begun = source.begin_xz(); !begun) return tl::unexpected(begun.error());
    source.xz_->stream.next_in = source.in_.data();
    source.xz_->stream.avail_in = begin->size();
    if (Result<bool> first = source.read_xz(source.first_); !first)
      return tl::unexpected(first.error());
  } else {
    source.first_ = *begin;
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (source.first_.starts_with(kByteOrderMark)) source.first_.erase(0, kByteOrderMark.size());
  if (const char* const kind = kind_beside_lines(source.first_)) {
    return fail(
        ErrorCode::kDamaged,
        fmt::format("{}: this is {}; JSON lines, plain or xz, are read here", source.path_, kind));
  }
  return source;
}

Status ByteSource::begin_xz() {
  xz_.reset(new Xz);
  if (lzma_stream_decoder(&xz_->stream, kXzMemoryMax, LZMA_CONCATENATED) == LZMA_OK) return {};
  return fail(ErrorCode::kIo, fmt::format("{}: no memory for xz", path_));
}

// A pipe may be quiet for hours, and a signal may come just before a read() that it would end.
Status ByteSource::wait_for_bytes() const {
  constexpr int kAskEveryMs = 100;
  while (true) {
    if (goes_on_ && !goes_on_()) return fail(ErrorCode::kClosed, path_ + ": stopped");
    pollfd file{::fileno(file_.get()), POLLIN, 0};
    if (::poll(&file, 1, kAskEveryMs) > 0) return {};
  }
}

Result<std::size_t> ByteSource::read_file(std::size_t at) {
  ssize_t got = -1;
  do {
    if (Status ready = wait_for_bytes(); !ready) return tl::unexpected(ready.error());
    got = ::read(::fileno(file_.get()), in_.data() + at, in_.size() - at);
  } while (got < 0 && (errno == EINTR || errno == EAGAIN));
  if (got < 0) return fail(ErrorCode::kIo, fmt::format("{}: {}", path_, std::strerror(errno)));
  done_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

// As much as it takes to see what it is, which a pipe may give in pieces.
Result<std::string_view> ByteSource::read_begin() {
  constexpr std::size_t kBegin = 512;
  std::string_view begin;
  while (begin.size() < kBegin && !begin.starts_with('{')) {
    const Result<std::size_t> got = read_file(begin.size());
    if (!got) return tl::unexpected(got.error());
    begin = {reinterpret_cast<const char*>(in_.data()), begin.size() + *got};
    if (*got == 0) break;
  }
  return begin;
}

Result<bool> ByteSource::read(std::string& out) {
  if (!first_.empty()) {
    out += std::exchange(first_, {});
    return true;
  }
  if (xz_) return read_xz(out);
  const Result<std::size_t> got = read_file();
  if (!got) return tl::unexpected(got.error());
  out.append(reinterpret_cast<const char*>(in_.data()), *got);
  return *got > 0;
}

Result<bool> ByteSource::read_xz(std::string& out) {
  if (xz_done_) return false;
  // A few bytes may stand for hours.
  if (goes_on_ && !goes_on_()) return fail(ErrorCode::kClosed, path_ + ": stopped");
  lzma_stream& xz = xz_->stream;
  std::array<std::uint8_t, kReadBytes> plain;
  xz.next_out = plain.data();
  xz.avail_out = plain.size();
  while (xz.avail_out == plain.size() && !xz_done_) {
    if (xz.avail_in == 0 && !in_done_) {
      const Result<std::size_t> more = read_file();
      if (!more) return tl::unexpected(more.error());
      xz.avail_in = *more;
      xz.next_in = in_.data();
      in_done_ = *more == 0;
    }
    const lzma_ret rc = lzma_code(&xz, in_done_ ? LZMA_FINISH : LZMA_RUN);
    if (rc == LZMA_STREAM_END) {
      xz_done_ = true;
    } else if (rc != LZMA_OK) {
      return fail(ErrorCode::kDamaged,
                  fmt::format("{}: {}", path_,
                              rc == LZMA_BUF_ERROR ? "xz data is cut off" : "not whole xz data"));
    }
  }
  const std::size_t got = plain.size() - xz.avail_out;
  out.append(reinterpret_cast<const char*>(plain.data()), got);
  return got > 0;
}

std::optional<double> ByteSource::share() const {
  if (size_ == 0) return std::nullopt;
  return std::min(1.0, static_cast<double>(done_) / static_cast<double>(size_));
}

}  // namespace zbag
