#include "recorder/system_talk.hpp"

#include <chrono>
#include <span>
#include <utility>

namespace zbag {

void SystemTalk::say(const char* topic, Fields fields) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  fields.insert(fields.begin(), {"_ts", now.count()});
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
    static_cast<void>(publisher.send(
        one.topic, {reinterpret_cast<const std::uint8_t*>(one.frame.data()), one.frame.size()}));
  }
}

}  // namespace zbag
