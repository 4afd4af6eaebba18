// A publisher of all sessions of a process that send the same way: a socket a session would soon be
// more than libzmq allows (ZMQ_MAX_SOCKETS), and file handles of the broker's besides.
//
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bus/publisher.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

class SharedPublisher {
 public:
  // The one there is in `context` for that URL and those options, or a new one. Its owners are the
  // sinks that send through it; the last one closes it. Errors as Publisher::connect.
  static Result<std::shared_ptr<SharedPublisher>> connect(Context& context, const std::string& url,
                                                          const Publisher::Options& options);
  explicit SharedPublisher(Publisher publisher) : publisher_(std::move(publisher)) {}

  // As Publisher::send, once those who send already have done so.
  Status send(std::string_view topic, std::span<const std::uint8_t> frame);
  // How many subscriptions have ever come.
  std::uint64_t subscriptions_seen();
  bool has_subscribers();
  // As Publisher::broker_news; one of those who share it is told.
  std::optional<bool> broker_news();
  // As Publisher::wait_for_subscriber; others send meanwhile.
  bool wait_for_subscriber(std::chrono::milliseconds timeout);

 private:
  void read_subscriptions() ZBAG_REQUIRES(mutex_);

  Mutex mutex_;
  Publisher publisher_ ZBAG_GUARDED_BY(mutex_);
  std::uint64_t seen_ ZBAG_GUARDED_BY(mutex_) = 0;
};

}  // namespace zbag
