#include "benchmarks/peers/peers.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

namespace zbag::bench {

std::vector<Peer> peers() {
  std::vector<Peer> known{{"raw append", write_raw}};
#ifdef ZBAG_HAS_LCM
  known.push_back({"LCM event log", write_lcm});
#endif
#ifdef ZBAG_HAS_SQLITE
  known.push_back({"SQLite fast", write_sqlite_fast});
  known.push_back({"SQLite resilient", write_sqlite_resilient});
#endif
  return known;
}

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

}  // namespace zbag::bench
