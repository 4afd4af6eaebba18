// Who is connected to a socket that was bound over tcp or ipc, and who could not be let in: what
// libzmq's monitor of it tells.
//
// read() must be called now and then: libzmq's own thread waits once some thousand events are
// unread. Not thread-safe: for the thread of the socket. REQUIRES: the socket outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "bus/socket_monitor.hpp"

namespace zbag {

class PeerWatch {
 public:
  PeerWatch() = default;  // watches nothing
  // To be opened before the socket is bound.
  static Result<PeerWatch> open(Context& context, void* socket);

  // Notes what has happened since. A peer is known here before anything it sends can be read.
  void read();
  std::size_t peers() const { return peers_.size(); }
  // Counts bytes on the account of the peer of that file handle, which ends with its connection;
  // true when that made them more than `bytes_max`.
  bool charge(int peer, std::size_t bytes, std::size_t bytes_max);
  // How often somebody was not let in, for want of file handles (bus/file_handles.hpp).
  std::uint64_t turned_away() const { return turned_away_; }
  // The zmq socket that is readable when there is something to read, for the files of bus/ alone.
  void* raw() const { return monitor_.raw(); }

 private:
  SocketMonitor monitor_;
  std::unordered_map<int, std::size_t> peers_;  // file handle to what was charged
  std::uint64_t turned_away_ = 0;
};

}  // namespace zbag
