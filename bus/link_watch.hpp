// Whether the one connection of a socket stands, as libzmq's monitor tells.
//
// A peer that vanishes without closing its connection (power, cable) is not noticed. Belongs to the
// thread of the socket, which must be there longer.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "bus/socket_monitor.hpp"

namespace zbag {

// What a listener says of the broker at `url`.
std::string broker_news_text(const std::string& url, bool is_there);

class LinkWatch {
 public:
  // To be made before the socket connects.
  static Result<LinkWatch> of(Context& context, void* socket);
  LinkWatch(LinkWatch&&) noexcept = default;
  LinkWatch& operator=(LinkWatch&&) = delete;  // its owner's socket would go first

  // What became of the connection since the last call: true when it stands (again), false when it
  // has gone, nullopt when nothing has changed. To be asked every few seconds: libzmq waits for
  // room in front of a watch that nobody asks.
  std::optional<bool> news();

 private:
  explicit LinkWatch(SocketMonitor monitor) : monitor_(std::move(monitor)) {}

  SocketMonitor monitor_;
  bool stands_ = false;
};

}  // namespace zbag
