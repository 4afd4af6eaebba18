// Whether the one connection of a socket stands, as libzmq's monitor tells.
//
// A peer that vanishes without closing its connection (power, cable) is not noticed. Belongs to the
// thread of the socket, which must be there longer.
#pragma once

#include <optional>

#include "bus/context.hpp"

namespace zbag {

class LinkWatch {
 public:
  // To be made before the socket connects.
  static Result<LinkWatch> of(Context& context, void* socket);
  ~LinkWatch();
  LinkWatch(LinkWatch&& other) noexcept;
  LinkWatch& operator=(LinkWatch&&) = delete;

  // What became of the connection since the last call: true when it stands (again), false when it
  // has gone, nullopt when nothing has changed. To be asked every few seconds: libzmq waits for
  // room in front of a watch that nobody asks.
  std::optional<bool> news();

 private:
  LinkWatch(void* socket, SocketHandle monitor) : socket_(socket), monitor_(std::move(monitor)) {}

  void* socket_;
  SocketHandle monitor_;
  bool stands_ = false;
};

}  // namespace zbag
