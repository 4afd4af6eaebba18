// Receives frames from the broker.
//
// Matching by ZeroMQ is by byte prefix ("robot/pos" also brings "robot/position"): whoever uses
// this checks names with a TrackFilter. Reconnects by itself. Not thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "bus/context.hpp"
#include "bus/endpoints.hpp"
#include "bus/link_watch.hpp"

namespace zbag {

class Subscriber {
 public:
  // `url` is the broker's subscribe-to. Returns at once, whether or not a broker is there.
  // `frames_max`: messages queued in this process (RCVHWM). With `watch`, broker_news() is
  // asked. kInvalid: the URL is malformed.
  static Result<Subscriber> connect(Context& context, const std::string& url,
                                    const std::vector<std::string>& prefixes,
                                    int frames_max = kSocketFramesMax, bool watch = false);

  // Waits until a message is there; false after `timeout` or a signal.
  bool wait(std::chrono::milliseconds timeout);
  // Takes one message without waiting; false when there is none.
  Result<bool> receive(Parts& parts) { return receive_parts(socket_.get(), parts); }
  Status subscribe(const std::string& prefix);
  // Nothing that is sent from now on comes; what is queued on the way here still does.
  Status unsubscribe();
  // Whether the broker has come (true) or gone (false) since the last call, which is to be made
  // every few seconds.
  std::optional<bool> broker_news() { return watch_ ? watch_->news() : std::nullopt; }

 private:
  explicit Subscriber(SocketHandle socket) : socket_(std::move(socket)) {}
  Status ask(char what, const std::string& prefix);

  SocketHandle socket_;
  std::vector<std::string> prefixes_;
  std::optional<LinkWatch> watch_;  // goes before the socket
};

}  // namespace zbag
