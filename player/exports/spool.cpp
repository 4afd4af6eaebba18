#include "player/exports/spool.hpp"

#include <array>
#include <cerrno>

#include "player/exports/output_file.hpp"

namespace zbag {
namespace {

tl::unexpected<Error> failed(int code) {
  return tl::unexpected(disk_error("temporary file", code));
}

}  // namespace

Result<Spool> Spool::create() {
  std::FILE* const file = std::tmpfile();
  if (file == nullptr) return failed(errno);
  return Spool(file);
}

Status Spool::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) return failed(errno);
  return {};
}

Status Spool::rewind() {
  if (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_SET) != 0)
    return failed(errno);
  return {};
}

Result<bool> Spool::read(void* bytes, std::size_t size) {
  const std::size_t count = std::fread(bytes, 1, size, file_.get());
  if (count == size) return true;
  if (count == 0 && std::feof(file_.get()) != 0) return false;
  return failed(std::ferror(file_.get()) != 0 ? errno : EIO);
}

Status Spool::copy_to(OutputFile& file) {
  if (Status ready = rewind(); !ready) return ready;
  std::array<char, 1u << 16> part{};
  while (true) {
    const std::size_t count = std::fread(part.data(), 1, part.size(), file_.get());
    if (std::ferror(file_.get()) != 0) return failed(errno);
    if (count == 0) return {};
    if (Status written = file.write({part.data(), count}); !written) return written;
  }
}

}  // namespace zbag
