#include "bus/link_watch.hpp"

#include <fmt/format.h>
#include <zmq.h>

namespace zbag {

std::string broker_news_text(const std::string& url, bool is_there) {
  return is_there ? fmt::format("the broker at {} is back", url)
                  : fmt::format("the broker at {} has gone; nothing comes until it is back", url);
}

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
