#include "bus/shared_publisher.hpp"

#include <fmt/format.h>

#include <thread>

namespace zbag {

Result<std::shared_ptr<SharedPublisher>> SharedPublisher::connect(
    Context& context, const std::string& url, const Publisher::Options& options) {
  const std::string key =
      fmt::format("{} {} {} {} {}", url, options.frames_max, options.wait_when_full,
                  options.linger.count(), options.watch);
  return context.shared_publisher(key, [&]() -> Result<std::shared_ptr<SharedPublisher>> {
    Result<Publisher> publisher = Publisher::connect(context, url, options);
    if (!publisher) return tl::unexpected(publisher.error());
    return std::make_shared<SharedPublisher>(std::move(*publisher));
  });
}

Status SharedPublisher::send(std::string_view topic, std::span<const std::uint8_t> frame) {
  const MutexLock lock(mutex_);
  return publisher_.send(topic, frame);
}

void SharedPublisher::read_subscriptions() {
  seen_ += static_cast<std::uint64_t>(publisher_.read_subscriptions());
}

std::uint64_t SharedPublisher::subscriptions_seen() {
  const MutexLock lock(mutex_);
  read_subscriptions();
  return seen_;
}

bool SharedPublisher::has_subscribers() {
  const MutexLock lock(mutex_);
  read_subscriptions();
  return publisher_.has_subscribers();
}

std::optional<bool> SharedPublisher::broker_news() {
  const MutexLock lock(mutex_);
  return publisher_.broker_news();
}

bool SharedPublisher::wait_for_subscriber(std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kLook{2};
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    {
      const MutexLock lock(mutex_);
      read_subscriptions();
      if (publisher_.is_settled()) return true;
      if (!publisher_.has_subscribers() && std::chrono::steady_clock::now() >= deadline)
        return false;
    }
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace zbag
