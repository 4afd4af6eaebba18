#include "bus/link_watch.hpp"

#include <zmq.h>

namespace zbag {

Result<LinkWatch> LinkWatch::of(Context& context, void* socket) {
  Result<SocketMonitor> monitor =
      SocketMonitor::open(context, socket, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED);
  if (!monitor) return tl::unexpected(monitor.error());
  return LinkWatch(std::move(*monitor));
}

std::optional<bool> LinkWatch::news() {
  bool is_news = false;  // also where it came and has gone since
  while (const std::optional<SocketMonitor::Event> event = monitor_.read()) {
    const bool stands = event->what == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    is_news = is_news || stands != stands_;
    stands_ = stands;
  }
  return is_news ? std::optional(stands_) : std::nullopt;
}

}  // namespace zbag
