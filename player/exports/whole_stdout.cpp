#include "player/exports/whole_stdout.hpp"

#include <unistd.h>

#include <cerrno>

namespace zbag {
namespace {

ssize_t write_cookie(void*, const char* bytes, std::size_t count) {
  return write_stdout({bytes, count}) ? static_cast<ssize_t>(count) : 0;
}

}  // namespace

bool write_stdout(std::string_view text) {
  for (bool is_interrupted = false; !text.empty();) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR || is_interrupted) {
      return false;
    } else {
      is_interrupted = true;
    }
  }
  return true;
}

std::FILE* open_stdout() {
  return ::fopencookie(nullptr, "w",
                       {.read = nullptr, .write = write_cookie, .seek = nullptr, .close = nullptr});
}

}  // namespace zbag
