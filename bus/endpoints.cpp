#include "bus/endpoints.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
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

// Whether `path` still leads to the open file.
bool is_named(int fd, const std::string& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(fd, &open) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

bool has_port(const std::string& url) {
  const std::string text = url.substr(url.rfind(':') + 1);
  if (text == "*" || text == "0") return true;
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65'535;
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
  // Not through a link: in a folder of everybody anybody could have put it there.
  const bool is_there = ::lstat(path.c_str(), &status) == 0;
  if (!is_there || !S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::kIo,
                fmt::format("runtime directory {}: {}; set ZBAG_RUNTIME_DIR to one you can write",
                            path, is_there ? "no directory, or a link" : std::strerror(errno)));
  }
  if (status.st_uid != ::getuid()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("runtime directory {} belongs to user {}; set ZBAG_RUNTIME_DIR", path,
                            status.st_uid));
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(ErrorCode::kInvalid,
                fmt::format("runtime directory {}: others may write to it; chmod 700 it when you "
                            "know what is in it, or set ZBAG_RUNTIME_DIR",
                            path));
  }
  return path;
}

std::string twin_path(const std::string& directory, const std::string& port) {
  return fmt::format("{}/bus-{}.ipc", directory, port);
}

Status check_bus_url(const std::string& url) {
  const bool is_tcp = url.starts_with("tcp://");
  // libzmq takes 99999 for 34463.
  if (is_tcp && !has_port(url)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("URL '{}': give a port from 1 to 65535, or *", printable(url)));
  }
  if (is_tcp || url.starts_with("ipc://") || url.starts_with("inproc://")) return {};
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

bool is_reachable(const std::string& url) {
  constexpr std::string_view kIpc = "ipc://";
  if (url.starts_with(kIpc)) return is_listening(url.substr(kIpc.size()));
  const std::optional<HostPort> address = split_tcp(url);
  if (!address) return true;
  std::string host = address->host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_family = AF_INET;  // as libzmq does: "localhost" may be ::1 first
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), address->port.c_str(), &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
  const int fd = ::socket(all->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  int error = ::connect(fd, all->ai_addr, all->ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    constexpr int kWaitMs = 1000;
    pollfd out{fd, POLLOUT, 0};
    socklen_t size = sizeof error;
    if (::poll(&out, 1, kWaitMs) <= 0 || ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
      error = ETIMEDOUT;
  }
  ::close(fd);
  return error == 0;
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
  int fd = -1;
  // The holder before may have removed the file between the two calls: a lock on it is none.
  for (bool is_held = false; !is_held; is_held = is_named(fd, path)) {
    if (fd >= 0) ::close(fd);
    fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return fail(ErrorCode::kIo, fmt::format("lock {}: {}", path, std::strerror(errno)));
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const std::string other = read_holder(fd);
      ::close(fd);
      return fail(ErrorCode::kBusy, fmt::format("{} is held by {}", path, other));
    }
  }
  FileLock lock(fd, path);
  const std::string text = fmt::format("{} (pid {})", holder, ::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) < 0) {
    return fail(ErrorCode::kIo, fmt::format("lock {}: {}", path, std::strerror(errno)));
  }
  return lock;
}

void FileLock::let_go() {
  constexpr std::string_view kSuffix = ".lock";
  if (fd_ < 0) return;
  // While it is held: nobody else has a lock on a file of this name, nor a socket it guards.
  if (is_named(fd_, path_)) {
    const std::string socket = path_.substr(0, path_.size() - kSuffix.size());
    struct stat status {};
    const bool is_socket = ::lstat(socket.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
    if (path_.ends_with(kSuffix) && is_socket) ::unlink(socket.c_str());
    ::unlink(path_.c_str());
  }
  ::close(std::exchange(fd_, -1));
}

FileLock::~FileLock() { let_go(); }

FileLock::FileLock(FileLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    let_go();
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

}  // namespace zbag
