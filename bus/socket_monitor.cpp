#include "bus/socket_monitor.hpp"

#include <fmt/format.h>
#include <zmq.h>

#include <cstring>
#include <string>
#include <utility>

#include "bus/endpoints.hpp"

namespace zbag {

Result<SocketMonitor> SocketMonitor::open(Context& context, void* socket, int events) {
  const std::string url = fmt::format("inproc://monitor-{}", fmt::ptr(socket));
  if (zmq_socket_monitor(socket, url.c_str(), events) != 0)
    return tl::unexpected(zmq_failure("monitor"));
  SocketMonitor monitor;
  monitor.socket_ = socket;
  monitor.events_.reset(zmq_socket(context.raw(), ZMQ_PAIR));
  if (!monitor.events_) {
    const Error error = zmq_failure("monitor");
    zmq_socket_monitor(socket, nullptr, 0);
    return tl::unexpected(error);
  }
  set_option(monitor.events_.get(), ZMQ_LINGER, 0);
  set_option(monitor.events_.get(), ZMQ_RCVHWM, kSocketFramesMax);
  if (zmq_connect(monitor.events_.get(), url.c_str()) != 0)
    return tl::unexpected(zmq_failure("monitor"));
  return monitor;
}

SocketMonitor::~SocketMonitor() { stop(); }

SocketMonitor& SocketMonitor::operator=(SocketMonitor&& other) noexcept {
  stop();
  socket_ = other.socket_;
  events_ = std::move(other.events_);
  return *this;
}

// libzmq would wait for ever to tell somebody who has gone, its own thread and all: it stops first.
void SocketMonitor::stop() {
  if (events_) zmq_socket_monitor(socket_, nullptr, 0);
}

std::optional<SocketMonitor::Event> SocketMonitor::read() {
  Parts parts;
  while (events_ && receive_parts(events_.get(), parts).value_or(false)) {
    // 16 bits that tell what, 32 of a value, as they lie in memory.
    const auto bytes = parts.topic.bytes();
    std::uint16_t what = 0;
    Event event;
    if (bytes.size() != sizeof what + sizeof event.value) continue;
    std::memcpy(&what, bytes.data(), sizeof what);
    std::memcpy(&event.value, bytes.data() + sizeof what, sizeof event.value);
    event.what = what;
    return event;
  }
  return std::nullopt;
}

}  // namespace zbag
