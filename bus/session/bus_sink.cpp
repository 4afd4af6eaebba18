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
      : context_(context), url_(std::move(url)), options_(options), small_(std::move(publisher)) {}

  Status write(const TrackName& track, std::span<const std::uint8_t> frame) override {
    if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
    const bool is_large = frame.size() >= kLargeFrameBytes || large_tracks_.contains(track.str());
    if (!is_large) return small_.send(track.str(), frame);
    if (Status status = open_large(track, frame.size()); !status) return status;
    return large_->send(track.str(), frame);
  }
  // A frame that was sent is in ZeroMQ's hands: there is nothing more to wait for.
  Result<FlushResult> flush(const TrackName*) override { return FlushResult{}; }
  Status tick() override { return {}; }
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
  // Once large, a track stays on that socket, so that its frames keep their order.
  Status open_large(const TrackName& track, std::size_t frame_bytes) {
    large_tracks_.insert(track.str());
    if (large_) return {};
    Publisher::Options options{.wait_when_full = options_.wait_when_full,
                               .linger = options_.linger};
    options.frames_max = static_cast<int>(std::max<std::size_t>(4, kLargeQueueBytes / frame_bytes));
    Result<Publisher> publisher = Publisher::connect(context_, url_, options);
    if (!publisher) return tl::unexpected(publisher.error());
    large_ = std::move(*publisher);
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
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<FrameSink>> connect_sink(Context& context, const std::string& url,
                                                BusSinkOptions options) {
  Result<Publisher> publisher = Publisher::connect(
      context, url, {.wait_when_full = options.wait_when_full, .linger = options.linger});
  if (!publisher) return tl::unexpected(publisher.error());
  return std::make_unique<BusSink>(context, url, options, std::move(*publisher));
}

}  // namespace zbag
