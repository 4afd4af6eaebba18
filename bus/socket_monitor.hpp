// libzmq's monitor of a socket: what happens to its connections (zmq_socket_monitor(3)).
//
// read() must be called now and then: libzmq's own thread waits once some thousand events are
// unread. Not thread-safe: for the thread of the socket. REQUIRES: the socket outlives it.
#pragma once

#include <cstdint>
#include <optional>

#include "bus/context.hpp"

namespace zbag {

class SocketMonitor {
 public:
  SocketMonitor() = default;  // watches nothing
  // To be opened before the socket binds or connects. `events`: ZMQ_EVENT_... of interest.
  static Result<SocketMonitor> open(Context& context, void* socket, int events);
  ~SocketMonitor();
  SocketMonitor(SocketMonitor&&) noexcept = default;
  SocketMonitor& operator=(SocketMonitor&& other) noexcept;

  struct Event {
    int what = 0;
    std::int32_t value = 0;
  };
  // The next event, without waiting; nullopt: there is none.
  std::optional<Event> read();
  // The zmq socket that is readable when there is something to read, for the files of bus/ alone.
  void* raw() const { return events_.get(); }

 private:
  void stop();

  void* socket_ = nullptr;
  SocketHandle events_;
};

}  // namespace zbag
