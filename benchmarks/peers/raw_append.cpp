#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "benchmarks/peers/peers.hpp"

namespace zbag::bench {
namespace {

bool write_raw(const Workload& work, const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  constexpr std::size_t kBufferBytes = 64u << 10;
  std::string buffer;
  buffer.reserve(2 * kBufferBytes);
  bool ok = true;
  const auto flush = [&] {
    ok = ok && ::write(fd, buffer.data(), buffer.size()) == static_cast<ssize_t>(buffer.size());
    buffer.clear();
  };
  for (const Workload::Frame& frame : work.frames) {
    const auto length = static_cast<std::uint32_t>(frame.bytes.size());
    char head[16];
    std::memcpy(head, &length, 4);
    std::memcpy(head + 4, &frame.track, 4);
    std::memcpy(head + 8, &frame.ts_ns, 8);
    buffer.append(head, sizeof head);
    buffer += frame.bytes;
    if (buffer.size() >= kBufferBytes) flush();
  }
  flush();
  ::close(fd);
  return ok;
}

}  // namespace

Peer raw_append() { return {"raw append", write_raw, {}}; }

}  // namespace zbag::bench
