#include "recorder/system_talk.hpp"

#include <utility>

#include "schemas/text_bytes.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {

void SystemTalk::say(const char* topic, Fields fields) {
  fields.insert(fields.begin(), {"_ts", wall_seconds()});
  Said said{topic, {}};
  encode_fields(fields, said.frame);
  const MutexLock lock(mutex_);
  if (said_.size() < kFramesMax) said_.push_back(std::move(said));
}

void SystemTalk::log(const char* level, const std::string& text) {
  say("_sys/log", {{"level", level}, {"node", node_}, {"text", text}});
}

void SystemTalk::bag(const std::string& path, const char* event) {
  say("_sys/bag", {{"path", path}, {"event", event}});
}

void SystemTalk::loss(const LossNews& news) {
  say("_sys/loss",
      {{"track", news.track}, {"src", news.src}, {"count", news.count}, {"reason", news.reason}});
}

void SystemTalk::send(Publisher& publisher) {
  std::vector<Said> said;
  {
    const MutexLock lock(mutex_);
    said.swap(said_);
  }
  for (const Said& one : said) {
    // Who misses it can ask; who records it finds it in the bag's own counts.
    static_cast<void>(publisher.send(one.topic, bytes_of(one.frame)));
  }
}

}  // namespace zbag
