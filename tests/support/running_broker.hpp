// A broker on free loopback ports with a thread that pumps it, as long as this lives.
#pragma once

#include <atomic>
#include <thread>

#include "bus/broker.hpp"
#include "schemas/check.hpp"

namespace zbag {

class RunningBroker {
 public:
  explicit RunningBroker(Context& context, Broker::Options options = {.urls = free_urls()})
      : broker_(Broker::bind(context, std::move(options)).value()),
        thread_([this](const auto& stop) {
          while (!stop.stop_requested()) {
            ZBAG_CHECK(broker_.pump(std::chrono::milliseconds(10)).has_value());
          }
        }) {}

  static BusUrls free_urls() { return {"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"}; }
  const BusUrls& urls() const { return broker_.urls(); }

 private:
  Broker broker_;
  std::jthread thread_;  // last: stops before the broker goes
};

}  // namespace zbag
