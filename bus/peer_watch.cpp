#include "bus/peer_watch.hpp"

#include <zmq.h>

#include <cerrno>
#include <utility>

namespace zbag {

Result<PeerWatch> PeerWatch::open(Context& context, void* socket) {
  Result<SocketMonitor> monitor = SocketMonitor::open(
      context, socket, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_DISCONNECTED);
  if (!monitor) return tl::unexpected(monitor.error());
  PeerWatch watch;
  watch.monitor_ = std::move(*monitor);
  return watch;
}

void PeerWatch::read() {
  while (const std::optional<SocketMonitor::Event> event = monitor_.read()) {
    if (event->what == ZMQ_EVENT_ACCEPTED) peers_[event->value] = 0;
    if (event->what == ZMQ_EVENT_DISCONNECTED) peers_.erase(event->value);
    if (event->what == ZMQ_EVENT_ACCEPT_FAILED && event->value == ENFILE) ++turned_away_;
  }
}

bool PeerWatch::charge(int peer, std::size_t bytes, std::size_t bytes_max) {
  const auto account = peers_.find(peer);
  if (account == peers_.end()) return false;
  const bool was_within = account->second <= bytes_max;
  account->second += bytes;
  return was_within && account->second > bytes_max;
}

}  // namespace zbag
