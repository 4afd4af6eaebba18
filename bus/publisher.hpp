// Sends frames to the broker.
//
// Live sensors (the default) never block: a frame that finds its queue full is dropped by ZeroMQ,
// and the gap shows in `_seq`. With `wait_when_full` (pub, play) a full queue makes send() wait.
//
// Reconnects by itself, in any order of starts and restarts. Not thread-safe; may move between
// threads that hand it over under a lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bus/context.hpp"
#include "bus/endpoints.hpp"
#include "bus/link_watch.hpp"

namespace zbag {

class Publisher {
 public:
  struct Options {
    int frames_max = kSocketFramesMax;
    bool wait_when_full = false;
    // How long what was sent may still leave after close; -1 ms: until it has.
    std::chrono::milliseconds linger{200};
    bool watch = false;  // broker_news() is asked, every few seconds
  };

  // `url` is the broker's publish-to. Returns at once, whether or not a broker is there.
  // kInvalid: the URL is malformed.
  static Result<Publisher> connect(Context& context, const std::string& url, Options options);

  // Copies topic and frame. With wait_when_full: waits up to `timeout` and then says kTimeout, the
  // frame unsent. Without: never waits.
  Status send(std::string_view topic, std::span<const std::uint8_t> frame,
              std::chrono::milliseconds timeout = std::chrono::milliseconds(100));

  // Notes subscriptions that have arrived since the last call; returns how many were new.
  int read_subscriptions();
  // Waits until somebody subscribes through the broker and is settled; false when nobody does
  // within `timeout`.
  bool wait_for_subscriber(std::chrono::milliseconds timeout);
  bool has_subscribers() const { return subscriptions_ > 0; }
  // The prefixes of one subscriber come one by one: it is settled when nothing more has come for
  // 50 ms, or 500 ms after the first. What is sent before may miss some of its tracks.
  bool is_settled() const;
  // Whether the broker has come (true) or gone (false) since the last call. Asks for
  // Options::watch.
  std::optional<bool> broker_news() { return watch_ ? watch_->news() : std::nullopt; }

 private:
  explicit Publisher(SocketHandle socket) : socket_(std::move(socket)) {}

  SocketHandle socket_;
  std::optional<LinkWatch> watch_;  // goes before the socket
  int subscriptions_ = 0;
  std::chrono::steady_clock::time_point first_subscription_;  // since there was none
  std::chrono::steady_clock::time_point newest_subscription_;
};

}  // namespace zbag
