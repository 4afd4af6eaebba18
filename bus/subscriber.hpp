// Receives frames from the broker.
//
// Matching by ZeroMQ is by byte prefix ("robot/pos" also brings "robot/position"): whoever uses
// this checks names with a TrackFilter. Reconnects by itself. Not thread-safe.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "bus/context.hpp"
#include "bus/endpoints.hpp"

namespace zbag {

class Subscriber {
 public:
  // `url` is the broker's subscribe-to. Returns at once, whether or not a broker is there.
  // `frames_max`: messages queued in this process (RCVHWM). kInvalid: the URL is malformed.
  static Result<Subscriber> connect(Context& context, const std::string& url,
                                    const std::vector<std::string>& prefixes,
                                    int frames_max = kSocketFramesMax);

  // Waits until a message is there; false after `timeout` or a signal.
  bool wait(std::chrono::milliseconds timeout);
  // Takes one message without waiting; false when there is none.
  Result<bool> receive(Parts& parts) { return receive_parts(socket_.get(), parts); }
  Status subscribe(const std::string& prefix);
  // Nothing that is sent from now on comes; what is queued on the way here still does.
  Status unsubscribe();

 private:
  explicit Subscriber(SocketHandle socket) : socket_(std::move(socket)) {}
  Status ask(char what, const std::string& prefix);

  SocketHandle socket_;
  std::vector<std::string> prefixes_;
};

}  // namespace zbag
