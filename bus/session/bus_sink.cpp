#include "bus/session/bus_sink.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "bus/shared_publisher.hpp"

namespace zbag {
namespace {

class BusSink : public FrameSink {
 public:
  BusSink(Context& context, std::string url, BusSinkOptions options,
          std::shared_ptr<SharedPublisher> publisher)
      : context_(context),
        url_(std::move(url)),
        options_(std::move(options)),
        small_(std::move(publisher)) {}

  Status write(const TrackName& track, std::span<const std::uint8_t> frame) override {
    if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
    const Result<SharedPublisher*> publisher = publisher_of(track, frame.size());
    if (!publisher) return tl::unexpected(publisher.error());
    Status status = (*publisher)->send(track.str(), frame);
    // Who waits for room here would wait in silence for a broker that has gone.
    if (!status && status.error().code == ErrorCode::kTimeout) look_at_broker();
    return status;
  }
  // A frame that was sent is in ZeroMQ's hands: there is nothing more to wait for.
  Result<FlushResult> flush(const TrackName*) override { return FlushResult{}; }
  Status tick() override {
    look_at_broker();
    return {};
  }
  Status close() override {
    closed_ = true;
    large_.clear();
    return {};
  }
  bool announces() const override { return true; }
  bool has_new_listener() override {
    for (const auto& [track, large] : large_) large->has_subscribers();  // reads what has come
    const std::uint64_t seen = small_->subscriptions_seen();
    return std::exchange(listeners_seen_, seen) != seen;
  }
  bool wait_for_listener(std::chrono::milliseconds timeout) override {
    return small_->wait_for_subscriber(timeout);
  }

 private:
  void look_at_broker() {
    const std::optional<bool> news = small_->broker_news();
    if (!news) return;
    if ((std::exchange(was_there_, true) || !*news) && options_.on_broker)
      options_.on_broker(*news);
  }
  // Once large, a track stays on that socket, so that its frames keep their order.
  Result<SharedPublisher*> publisher_of(const TrackName& track, std::size_t frame_bytes) {
    const auto known = large_.find(track.str());
    if (known != large_.end()) return known->second.get();
    if (frame_bytes < kLargeFrameBytes) return small_.get();
    Result<std::shared_ptr<SharedPublisher>> large = open_large(frame_bytes);
    if (!large) return tl::unexpected(large.error());
    return large_.emplace(track.str(), std::move(*large)).first->second.get();
  }
  // The queue is bounded by bytes: sessions share it by the size of their frames, in powers of two.
  Result<std::shared_ptr<SharedPublisher>> open_large(std::size_t frame_bytes) {
    Publisher::Options options{.wait_when_full = options_.wait_when_full,
                               .linger = options_.linger};
    options.frames_max =
        static_cast<int>(std::max<std::size_t>(4, kLargeQueueBytes / std::bit_ceil(frame_bytes)));
    Result<std::shared_ptr<SharedPublisher>> publisher =
        SharedPublisher::connect(context_, url_, options);
    // A socket that is not connected yet would drop the first frames; the other one's subscribers
    // are proof that a broker is there.
    if (publisher && small_->has_subscribers())
      (*publisher)->wait_for_subscriber(std::chrono::milliseconds(500));
    return publisher;
  }

  Context& context_;
  const std::string url_;
  const BusSinkOptions options_;
  const std::shared_ptr<SharedPublisher> small_;
  std::map<std::string, std::shared_ptr<SharedPublisher>> large_;  // by track
  std::uint64_t listeners_seen_ = 0;
  bool was_there_ = false;  // the broker, at any time
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<FrameSink>> connect_sink(Context& context, const std::string& url,
                                                BusSinkOptions options) {
  Result<std::shared_ptr<SharedPublisher>> publisher =
      SharedPublisher::connect(context, url,
                               {.wait_when_full = options.wait_when_full,
                                .linger = options.linger,
                                .watch = options.on_broker != nullptr});
  if (!publisher) return tl::unexpected(publisher.error());
  return std::make_unique<BusSink>(context, url, std::move(options), std::move(*publisher));
}

}  // namespace zbag
