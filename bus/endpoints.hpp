// Where the bus is: URLs, the runtime directory, ipc twins and their locks (wire.md, Topology).
//
// All calls touch the file system or the environment and may block for as long as that does.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "schemas/result.hpp"

namespace zbag {

struct BusUrls {
  std::string publish_to = "tcp://127.0.0.1:9871";    // the broker's XSUB
  std::string subscribe_to = "tcp://127.0.0.1:9872";  // the broker's XPUB; what PlotJuggler dials
};

// Messages a socket queues. ZeroMQ counts messages, not bytes, and a queue of N may take only
// N/2 more before it drops the newest, so this is four times the largest burst seen.
inline constexpr int kSocketFramesMax = 100'000;
// Publishers send frames of this size and more through a socket of their own, bounded to
// kLargeQueueBytes.
inline constexpr std::size_t kLargeFrameBytes = 64u << 10;
inline constexpr std::size_t kLargeQueueBytes = 64u << 20;
// A system frame may not be larger (wire.md, Sessions).
inline constexpr std::size_t kSystemFrameBytesMax = 64u << 10;
// A peer that sends more is disconnected by libzmq; frames between kFrameBytesMax and this are
// refused and counted.
inline constexpr std::int64_t kMessageBytesMax = 256ll << 20;

// $ZBAG_RUNTIME_DIR, else $XDG_RUNTIME_DIR/zbag, else <tmp>/zbag-<uid>; made with mode 0700.
// kIo when it cannot be made or is a link, kInvalid when it belongs to another user or others may
// write to it.
Result<std::string> runtime_directory();

// The ipc path beside a tcp port: <directory>/bus-<port>.ipc.
std::string twin_path(const std::string& directory, const std::string& port);

// The URL a client of this host should dial for `url`: the live ipc twin of a loopback tcp URL,
// else `url` itself.
std::string nearest_url(const std::string& url);

// True when somebody listens on the Unix socket `path`; asks nothing of them.
bool is_listening(const std::string& path);

// True when somebody takes a connection at a tcp or ipc URL, which is closed at once; waits for it
// a second at most. Of IPv4 alone, which is what libzmq dials. True of other transports.
bool is_reachable(const std::string& url);
// kInvalid: the bus is reached by tcp, ipc and inproc alone, of which we know who may come. libzmq
// may have been built with others (ws, norm, udp), which know nothing of loopback.
Status check_bus_url(const std::string& url);

// Host and port of a tcp URL; nullopt for other transports.
struct HostPort {
  std::string host;
  std::string port;
};
std::optional<HostPort> split_tcp(const std::string& url);
bool is_loopback(const std::string& host);

// An flock() held on a file, with the holder's name in it. The destructor removes the file,
// and the socket NAME that a lock NAME.lock guards, which libzmq leaves there; the process's end
// releases it, so a stale file blocks nobody. Never through a link. Move-only.
class FileLock {
 public:
  // kBusy names the present holder.
  static Result<FileLock> hold(const std::string& path, const std::string& holder);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

 private:
  FileLock(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  void let_go();

  int fd_ = -1;
  std::string path_;
};

}  // namespace zbag
