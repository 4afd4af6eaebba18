#include "bus/link_watch.hpp"

#include <fmt/format.h>
#include <zmq.h>

#include <cstdint>
#include <cstring>
#include <utility>

namespace zbag {

Result<LinkWatch> LinkWatch::of(Context& context, void* socket) {
  const std::string url =
      fmt::format("inproc://link-watch-{}", reinterpret_cast<std::uintptr_t>(socket));
  if (zmq_socket_monitor(socket, url.c_str(),
                         ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) != 0)
    return tl::unexpected(zmq_failure("watch a connection"));
  SocketHandle monitor(zmq_socket(context.raw(), ZMQ_PAIR));
  if (!monitor || zmq_connect(monitor.get(), url.c_str()) != 0) {
    const Error error = zmq_failure("watch a connection");
    zmq_socket_monitor(socket, nullptr, 0);
    return tl::unexpected(error);
  }
  return LinkWatch(socket, std::move(monitor));
}

// libzmq would wait for ever to tell somebody who has gone: it stops first.
LinkWatch::~LinkWatch() {
  if (monitor_) zmq_socket_monitor(socket_, nullptr, 0);
}

LinkWatch::LinkWatch(LinkWatch&& other) noexcept = default;

std::optional<bool> LinkWatch::news() {
  bool is_news = false;  // also where it came and has gone since
  Parts parts;
  while (receive_parts(monitor_.get(), parts).value_or(false)) {
    const auto bytes = parts.topic.bytes();
    std::uint16_t event = 0;  // an event begins with its number, in the machine's order
    if (bytes.size() < sizeof event) continue;
    std::memcpy(&event, bytes.data(), sizeof event);
    const bool stands = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    is_news = is_news || stands != stands_;
    stands_ = stands;
  }
  return is_news ? std::optional(stands_) : std::nullopt;
}

}  // namespace zbag
