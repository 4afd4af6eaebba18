#include "bus/endpoints.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string read_holder(int fd) {
  std::array<char, 200> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "another process";
}

}  // namespace

Result<std::string> runtime_directory() {
  namespace fs = std::filesystem;
  std::string path = environment("ZBAG_RUNTIME_DIR");
  if (path.empty() && !environment("XDG_RUNTIME_DIR").empty()) {
    path = environment("XDG_RUNTIME_DIR") + "/zbag";
  }
  std::error_code error;
  if (path.empty())
    path = (fs::temp_directory_path(error) / fmt::format("zbag-{}", ::getuid())).string();
  fs::create_directories(fs::path(path).parent_path(), error);
  ::mkdir(path.c_str(), 0700);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::kIo,
                fmt::format("runtime directory {}: {}; set ZBAG_RUNTIME_DIR to one you "
                            "can write",
                            path, std::strerror(errno)));
  }
  if (status.st_uid != ::getuid()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("runtime directory {} belongs to user {}; set ZBAG_RUNTIME_DIR", path,
                            status.st_uid));
  }
  return path;
}

std::string twin_path(const std::string& directory, const std::string& port) {
  return fmt::format("{}/bus-{}.ipc", directory, port);
}

Status check_bus_url(const std::string& url) {
  if (url.starts_with("tcp://") || url.starts_with("ipc://") || url.starts_with("inproc://"))
    return {};
  return fail(ErrorCode::kInvalid,
              fmt::format("URL '{}': the bus speaks tcp://, ipc:// and inproc:// alone, such as "
                          "tcp://127.0.0.1:9871",
                          printable(url)));
}

std::optional<HostPort> split_tcp(const std::string& url) {
  constexpr std::string_view kScheme = "tcp://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  const std::size_t colon = url.rfind(':');
  if (colon < kScheme.size()) return std::nullopt;
  return HostPort{url.substr(kScheme.size(), colon - kScheme.size()), url.substr(colon + 1)};
}

bool is_loopback(const std::string& host) {
  const bool is_address = host.find_first_not_of("0123456789.") == std::string::npos;
  return (host.starts_with("127.") && is_address) || host == "localhost" || host == "[::1]" ||
         host == "lo";
}

bool is_listening(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return false;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const bool listening =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return listening;
}

std::string nearest_url(const std::string& url) {
  const std::optional<HostPort> address = split_tcp(url);
  if (!address || !is_loopback(address->host)) return url;
  const Result<std::string> directory = runtime_directory();
  if (!directory) return url;
  const std::string path = twin_path(*directory, address->port);
  return is_listening(path) ? "ipc://" + path : url;
}

Result<FileLock> FileLock::hold(const std::string& path, const std::string& holder) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorCode::kIo, fmt::format("lock {}: {}", path, std::strerror(errno)));
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::kBusy, fmt::format("{} is held by {}", path, read_holder(fd)));
  }
  const std::string text = fmt::format("{} (pid {})", holder, ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) < 0) {
    return fail(ErrorCode::kIo, fmt::format("lock {}: {}", path, std::strerror(errno)));
  }
  return lock;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

}  // namespace zbag
