#include "bus/peer_watch.hpp"

#include <fmt/format.h>
#include <zmq.h>

#include <cstring>
#include <string>

#include "bus/endpoints.hpp"

namespace zbag {

Result<PeerWatch> PeerWatch::open(Context& context, void* socket) {
  PeerWatch watch;
  watch.socket_ = socket;
  const std::string url = fmt::format("inproc://peers-{}", fmt::ptr(socket));
  constexpr int kEvents = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_DISCONNECTED;
  if (zmq_socket_monitor(socket, url.c_str(), kEvents) != 0)
    return tl::unexpected(zmq_failure("monitor"));
  watch.events_.reset(zmq_socket(context.raw(), ZMQ_PAIR));
  if (!watch.events_) return tl::unexpected(zmq_failure("monitor"));
  set_option(watch.events_.get(), ZMQ_LINGER, 0);
  set_option(watch.events_.get(), ZMQ_RCVHWM, kSocketFramesMax);
  if (zmq_connect(watch.events_.get(), url.c_str()) != 0)
    return tl::unexpected(zmq_failure("monitor"));
  return watch;
}

// libzmq would wait for ever to tell somebody who has gone, its own thread and all: it stops first.
PeerWatch::~PeerWatch() {
  if (events_) zmq_socket_monitor(socket_, nullptr, 0);
}

bool PeerWatch::read() {
  bool has_news = false;
  Parts event;
  while (events_ && receive_parts(events_.get(), event).value_or(false)) {
    has_news = true;
    // zmq_socket_monitor(3): 16 bits that tell what, 32 of a value, as they lie in memory.
    const auto bytes = event.topic.bytes();
    std::uint16_t what = 0;
    std::int32_t value = 0;
    if (bytes.size() != sizeof what + sizeof value) continue;
    std::memcpy(&what, bytes.data(), sizeof what);
    std::memcpy(&value, bytes.data() + sizeof what, sizeof value);
    if (what == ZMQ_EVENT_ACCEPTED) peers_.insert(value);
    if (what == ZMQ_EVENT_DISCONNECTED) peers_.erase(value);
    if (what == ZMQ_EVENT_ACCEPT_FAILED) ++turned_away_;
  }
  return has_news;
}

}  // namespace zbag
