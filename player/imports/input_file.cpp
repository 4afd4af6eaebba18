#include "player/imports/input_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace zbag {

Result<InputFile> InputFile::open(const std::string& path, const std::string& name) {
  FileHandle file(std::fopen(path.c_str(), "rbe"));
  struct stat status {};
  if (!file || ::fstat(::fileno(file.get()), &status) != 0) {
    return fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                fmt::format("{}: {}", path, std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::kIo, path + ": not a file");
  ::posix_fadvise(::fileno(file.get()), 0, 0, POSIX_FADV_SEQUENTIAL);
  return InputFile(name.empty() ? path : name, std::move(file),
                   static_cast<std::uint64_t>(status.st_size));
}

Status InputFile::read(std::span<std::uint8_t> bytes) {
  if (bytes.size() > left()) return fault(ErrorCode::kDamaged, "the file is cut off");
  if (std::fread(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size())
    return fault(ErrorCode::kIo, std::ferror(file_.get()) != 0 ? std::strerror(errno)
                                                               : "the file has become shorter");
  at_ += bytes.size();
  return {};
}

Status InputFile::read(std::uint64_t size, std::uint64_t size_max, Bytes& bytes) {
  if (size > left()) return fault(ErrorCode::kDamaged, "the file is cut off");
  if (size > size_max)
    return fault(ErrorCode::kDamaged,
                 fmt::format("{} bytes in one piece, where {} are the most", size, size_max));
  bytes.resize(size);
  return read(bytes);
}

Status InputFile::skip(std::uint64_t size) {
  if (size > left()) return fault(ErrorCode::kDamaged, "the file is cut off");
  return seek(at_ + size);
}

Status InputFile::seek(std::uint64_t at) {
  if (at > size_) return fault(ErrorCode::kDamaged, "it speaks of what is behind its end");
  if (::fseeko(file_.get(), static_cast<off_t>(at), SEEK_SET) != 0)
    return fault(ErrorCode::kIo, std::strerror(errno));
  at_ = at;
  return {};
}

Result<bool> InputFile::seek_next(std::string_view bytes) {
  // Small at first: where many are close to each other nothing is read again and again.
  constexpr std::size_t kPieceMin = 256;
  constexpr std::size_t kPieceMax = 64u << 10;
  const std::size_t overlap = bytes.size() - 1;
  std::string piece;
  for (std::size_t size = kPieceMin; left() >= bytes.size(); size = std::min(2 * size, kPieceMax)) {
    const std::uint64_t begin = at_;
    piece.resize(std::min<std::uint64_t>(size, left()));
    if (Status got = read({reinterpret_cast<std::uint8_t*>(piece.data()), piece.size()}); !got)
      return tl::unexpected(got.error());
    const std::size_t found = piece.find(bytes);
    const bool is_found = found != std::string::npos;
    if (!is_found && left() == 0) return false;
    const std::uint64_t to = is_found ? begin + found : at_ - overlap;
    if (Status there = seek(to); !there) return tl::unexpected(there.error());
    if (is_found) return true;
  }
  if (Status end = skip(left()); !end) return tl::unexpected(end.error());
  return false;
}

tl::unexpected<Error> InputFile::fault(ErrorCode code, const std::string& what) const {
  return fail(code, fmt::format("{}: at byte {}: {}", path_, at_, what));
}

}  // namespace zbag
