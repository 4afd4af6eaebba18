// A broker on free loopback ports with a thread that pumps it, as long as this lives.
#pragma once

#include <optional>
#include <thread>

#include "bus/broker.hpp"
#include "schemas/check.hpp"
#include "tests/support/wait_for.hpp"

namespace zbag {

class RunningBroker {
 public:
  explicit RunningBroker(Context& context, Broker::Options options = {.urls = free_urls()})
      : broker_(bind_when_free(context, options)), thread_([this](const auto& stop) {
          while (!stop.stop_requested()) {
            ZBAG_CHECK(broker_.pump(std::chrono::milliseconds(10)).has_value());
          }
        }) {}

  // A port of a broker that has just gone is free only when libzmq's thread has closed it.
  static Broker bind_when_free(Context& context, const Broker::Options& options) {
    std::optional<Broker> broker;
    ZBAG_CHECK(wait_for([&] {
      Result<Broker> bound = Broker::bind(context, options);
      if (bound) broker = std::move(*bound);
      return broker.has_value();
    }));
    return std::move(*broker);
  }
  static BusUrls free_urls() { return {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"}; }
  const BusUrls& urls() const { return broker_.urls(); }

 private:
  Broker broker_;
  std::jthread thread_;  // last: stops before the broker goes
};

}  // namespace zbag
