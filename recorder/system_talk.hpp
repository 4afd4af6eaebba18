// What a recorder says of itself on the bus: _sys/log, _sys/bag and _sys/loss (wire.md, Control and
// system topics).
//
// Said from any thread, sent by the one that owns the socket. Bounded: what nobody has sent for
// kFramesMax sentences is left out, for it is news.
#pragma once

#include <string>
#include <vector>

#include "bus/publisher.hpp"
#include "recorder/totals.hpp"
#include "schemas/frame.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

class SystemTalk {
 public:
  static constexpr std::size_t kFramesMax = 1'000;

  explicit SystemTalk(std::string node) : node_(std::move(node)) {}

  void log(const char* level, const std::string& text);
  // `event`: "open", "complete", "closed".
  void bag(const std::string& path, const char* event);
  void loss(const LossNews& news);

  // Sends what has been said since; never waits.
  void send(Publisher& publisher);

 private:
  struct Said {
    const char* topic;
    std::string frame;
  };
  void say(const char* topic, Fields fields);

  const std::string node_;
  Mutex mutex_;
  std::vector<Said> said_ ZBAG_GUARDED_BY(mutex_);
};

}  // namespace zbag
