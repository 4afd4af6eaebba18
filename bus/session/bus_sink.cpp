#include "bus/session/bus_sink.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "bus/publisher.hpp"

namespace zbag {
namespace {

class BusSink : public FrameSink {
 public:
  BusSink(Context& context, std::string url, BusSinkOptions options, Publisher publisher)
      : context_(context),
        url_(std::move(url)),
        options_(std::move(options)),
        small_(std::move(publisher)) {}

  Status write(const TrackName& track, std::span<const std::uint8_t> frame) override {
    if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
    const bool is_large = frame.size() >= kLargeFrameBytes || large_tracks_.contains(track.str());
    if (is_large) {
      if (Status status = open_large(track, frame.size()); !status) return status;
    }
    Status status = (is_large ? *large_ : small_).send(track.str(), frame);
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
    large_.reset();
    return {};
  }
  bool announces() const override { return true; }
  bool has_new_listener() override {
    if (large_) large_->read_subscriptions();
    return small_.read_subscriptions() > 0;
  }
  bool wait_for_listener(std::chrono::milliseconds timeout) override {
    return small_.wait_for_subscriber(timeout);
  }

 private:
  void look_at_broker() {
    const std::optional<bool> news = small_.broker_news();
    if (!news) return;
    if ((std::exchange(was_there_, true) || !*news) && options_.on_broker)
      options_.on_broker(*news);
  }
  // Once large, a track stays on that socket, so that its frames keep their order.
  Status open_large(const TrackName& track, std::size_t frame_bytes) {
    large_tracks_.insert(track.str());
    if (large_) return {};
    Publisher::Options options{.wait_when_full = options_.wait_when_full,
                               .linger = options_.linger};
    options.frames_max = static_cast<int>(std::max<std::size_t>(4, kLargeQueueBytes / frame_bytes));
    Result<Publisher> publisher = Publisher::connect(context_, url_, options);
    if (!publisher) return tl::unexpected(publisher.error());
    large_.emplace(std::move(*publisher));
    // A socket that is not connected yet would drop the first frames; the other one's subscribers
    // are proof that a broker is there.
    if (small_.has_subscribers()) large_->wait_for_subscriber(std::chrono::milliseconds(500));
    return {};
  }

  Context& context_;
  const std::string url_;
  const BusSinkOptions options_;
  Publisher small_;
  std::optional<Publisher> large_;
  std::unordered_set<std::string> large_tracks_;
  bool was_there_ = false;  // the broker, at any time
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<FrameSink>> connect_sink(Context& context, const std::string& url,
                                                BusSinkOptions options) {
  Result<Publisher> publisher = Publisher::connect(context, url,
                                                   {.wait_when_full = options.wait_when_full,
                                                    .linger = options.linger,
                                                    .watch = options.on_broker != nullptr});
  if (!publisher) return tl::unexpected(publisher.error());
  return std::make_unique<BusSink>(context, url, std::move(options), std::move(*publisher));
}

}  // namespace zbag
