#include "recorder/recorder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "bus/control.hpp"

namespace zbag {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPollMax{50};  // how soon a stop or a wish is seen where nothing comes
constexpr milliseconds kSilence{200};
constexpr std::chrono::seconds kDrainMax{10};
constexpr std::uint32_t kFramesPerClock = 32;
constexpr std::size_t kFramesPerPump = 4096;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Recorder::Recorder(Options options) : options_(std::move(options)) {}

Result<std::unique_ptr<Recorder>> Recorder::open(Context& context, const std::string& path,
                                                 Options options) {
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(options)));
  const Options& given = recorder->options_;
  if (given.with_broker) {
    Result<Broker> broker = Broker::bind(context, {.urls = given.urls,
                                                   .insecure = given.insecure,
                                                   .receive_all = true,
                                                   .name = given.name,
                                                   .warn = given.warn});
    if (!broker) return tl::unexpected(broker.error());
    recorder->urls_ = broker->urls();
    recorder->broker_ = std::move(*broker);
  } else {
    recorder->urls_ = given.urls;
    std::vector<std::string> prefixes = given.subscriptions;
    recorder->probe_topic_ = fmt::format("_sys/probe/{}-{}", ::getpid(),
                                         reinterpret_cast<std::uintptr_t>(recorder.get()));
    if (prefixes.front() != "") {
      // A foreign publisher's "/imu" is the track "imu".
      for (const std::string& prefix : given.subscriptions) prefixes.push_back("/" + prefix);
      prefixes.push_back("_sys/session");
      prefixes.push_back(recorder->probe_topic_);
    }
    // Under `block` ZeroMQ's own queue is bounded like our memory: what it holds is not yet ours.
    // Not so where we host the broker: when a publisher closes, libzmq 4.3.4 forgets what it has
    // not read of a connection whose queue is full.
    const bool blocks = given.recording.overflow == Overflow::kBlock;
    const int frames_max =
        blocks ? std::max(1, static_cast<int>(given.recording.buffer_bytes / 1'000'000))
               : kSocketFramesMax;
    Result<Subscriber> subscriber =
        Subscriber::connect(context, given.urls.subscribe_to, prefixes, frames_max);
    if (!subscriber) return tl::unexpected(subscriber.error());
    recorder->subscriber_ = std::move(*subscriber);
  }
  Result<Publisher> publisher = Publisher::connect(context, recorder->urls_.publish_to, {});
  if (!publisher) return tl::unexpected(publisher.error());
  recorder->publisher_ = std::move(*publisher);
  Result<std::unique_ptr<Recording>> recording =
      Recording::open(path, given.recording, given.open_storage);
  if (!recording) return tl::unexpected(recording.error());
  recorder->recording_ = std::move(*recording);
  recorder->pause(given.start_paused);
  return recorder;
}

void Recorder::pause(bool paused) {
  paused_.store(paused);
  recording_->intake().pause(paused);
}

double Recorder::seconds() const {
  const Clock::time_point started = started_;
  if (started == Clock::time_point()) return 0.0;
  return std::chrono::duration<double>(Clock::now() - started).count();
}

void Recorder::take(Parts& parts) {
  const std::string_view topic = parts.topic.text();
  if (since_clock_++ % kFramesPerClock == 0) arrival_ = ArrivalTime::now();
  Intake& intake = recording_->intake();
  if (is_system_track(topic)) {
    if (topic == "_sys/session" && parts.count > 1) intake.announce(parts.frame.bytes());
    if (topic == probe_topic_) probe_seen_ = true;
    // The bus's own talk is recorded only when a pattern names it, and is not counted otherwise.
    if (!options_.recording.intake.filter.matches(topic)) return;
  }
  if (parts.count < 2) {
    intake.refuse_message(topic);
    return;
  }
  static_cast<void>(intake.accept(topic, parts.frame, parts.more, arrival_));  // counted there
  if (intake.is_full()) {
    recording_->hand_over(true);
    handed_over_ = Clock::now();
  }
}

// One round of the sockets. `silent`, when given, tells whether nothing came.
Status Recorder::pump(milliseconds timeout, bool* silent) {
  std::size_t count = 0;
  since_clock_ = 0;
  if (!recording_->intake().is_empty()) {
    // What has been taken moves on in time though nothing else comes.
    const auto left =
        std::chrono::ceil<milliseconds>(handed_over_ + Recording::kHandOverEvery - Clock::now());
    timeout = std::clamp(left, milliseconds(0), timeout);
  }
  if (broker_) {
    const Result<std::size_t> pumped =
        broker_->pump(timeout, [this](Parts& parts) { take(parts); });
    if (!pumped) return tl::unexpected(pumped.error());
    count = *pumped;
  } else if (subscriber_->wait(timeout)) {
    for (; count < kFramesPerPump; ++count) {
      const Result<bool> received = subscriber_->receive(parts_);
      if (!received) return tl::unexpected(received.error());
      if (!*received) break;
      take(parts_);
    }
  }
  const auto now = Clock::now();
  if (now - handed_over_ >= Recording::kHandOverEvery) {
    recording_->hand_over(true);
    handed_over_ = now;
  }
  serve_wish();
  if (silent != nullptr) *silent = count == 0;
  return {};
}

// Sends probes until one has gone round through the broker: from then on nothing is missed.
Status Recorder::await_broker() {
  const auto began = Clock::now();
  auto sent = Clock::time_point();
  bool warned = false;
  std::string probe;
  encode_fields({{"_ts", 0.0}}, probe);
  while (!probe_seen_ && !stopping_.load()) {
    const auto now = Clock::now();
    publisher_->read_subscriptions();
    // Before the broker has passed our own subscription on, a probe would go nowhere.
    if (publisher_->has_subscribers() && now - sent >= milliseconds(50)) {
      sent = now;
      static_cast<void>(
          publisher_->send(probe_topic_, bytes_of(probe)));  // repeated until it is seen
    }
    if (!warned && now - began >= std::chrono::seconds(2) && options_.warn) {
      warned = true;
      options_.warn(fmt::format("waiting for a broker at {} and {}; start one with: zbag broker",
                                urls_.publish_to, urls_.subscribe_to));
    }
    if (Status status = pump(kPollMax, nullptr); !status) return status;
  }
  return {};
}

Status Recorder::run(const std::function<void(const BusUrls&)>& ready) {
  {
    const MutexLock lock(wish_mutex_);
    running_ = true;
  }
  started_ = Clock::now();
  Status status = broker_ ? Status() : await_broker();
  if (status && ready && !stopping_.load()) ready(urls_);
  started_ = Clock::now();
  std::optional<Error> failure;
  while (status && !stopping_.load()) {
    status = pump(kPollMax, nullptr);
    if (options_.duration && Clock::now() - started_.load() >= *options_.duration) {
      // What is sent from now on is not wanted: only what is under way is still read.
      hurrying_.store(true);
      break;
    }
    report_losses();
    failure = recording_->failure();
    if (failure) break;
  }
  // With the disk full there is no use in reading on: what was accepted is written, no more taken.
  if (status && !failure) drain();
  recording_->intake().settle();
  {
    const MutexLock lock(wish_mutex_);
    running_ = false;
  }
  wish_ready_.notify_all();
  Status closed = recording_->close();
  if (!failure) failure = recording_->failure();
  if (failure) {
    std::string frame;
    encode_fields({{"_ts", wall_seconds()},
                   {"track", ""},
                   {"count", recording_->totals().fate.dropped},
                   {"reason", error_word(failure->code)}},
                  frame);
    static_cast<void>(publisher_->send("_sys/loss", bytes_of(frame)));
    if (broker_) static_cast<void>(broker_->pump(milliseconds(50)));
  }
  if (!status) return status;
  if (!closed) return closed;
  if (failure) return tl::unexpected(*failure);
  return {};
}

void Recorder::drain() {
  const auto deadline = Clock::now() + kDrainMax;
  auto heard = Clock::now();
  bool told = false;
  while (Clock::now() - heard < kSilence && Clock::now() < deadline) {
    bool silent = true;
    if (!pump(hurrying_.load() ? milliseconds(0) : kPollMax, &silent)) return;
    if (!silent) heard = Clock::now();
    if (silent && hurrying_.load()) return;
    if (!told && Clock::now() + kDrainMax - deadline > std::chrono::seconds(1) && options_.warn) {
      told = true;
      options_.warn("frames are still coming; reads on for up to 10 s (Ctrl-C again: stop now)");
    }
  }
}

// Publishes once a second what was lost or dropped since.
void Recorder::report_losses() {
  const auto now = Clock::now();
  if (now - losses_reported_ < std::chrono::seconds(1)) return;
  losses_reported_ = now;
  const RecordingTotals totals = recording_->totals();
  const auto publish = [&](const std::string& track, std::uint64_t src, std::uint64_t count,
                           const char* reason) {
    std::string frame;
    encode_fields({{"_ts", wall_seconds()},
                   {"track", track},
                   {"src", src},
                   {"count", count},
                   {"reason", reason}},
                  frame);
    static_cast<void>(publisher_->send("_sys/loss", bytes_of(frame)));
  };
  if (totals.fate.dropped > reported_dropped_) {
    for (const auto& [name, track] : totals.tracks) {
      if (track.fate.dropped > 0) publish(name, 0, track.fate.dropped, "overflow");
    }
    reported_dropped_ = totals.fate.dropped;
  }
  const std::uint64_t lost = totals.lost().value_or(0);
  if (lost > reported_lost_) {
    for (const LossRecord& record : totals.publishers) {
      if (record.lost > 0) publish(record.track, record.src, record.lost, "gap");
    }
    reported_lost_ = lost;
  }
}

// On the socket thread: makes the request another thread waits with.
void Recorder::serve_wish() {
  {
    const MutexLock lock(wish_mutex_);
    if (!wish_) return;
    wish_ticket_ =
        *wish_ == Wish::kSplit ? recording_->request_split() : recording_->request_flush();
    wish_.reset();
  }
  wish_ready_.notify_all();
}

Result<FlushResult> Recorder::flush() { return ask(Wish::kFlush); }
Result<FlushResult> Recorder::split() { return ask(Wish::kSplit); }

Result<FlushResult> Recorder::ask(Wish wish) {
  std::uint64_t ticket = 0;
  {
    MutexLock lock(wish_mutex_);
    if (!running_) return fail(ErrorCode::kClosed, "the recorder is not running");
    wish_ = wish;
    wish_ticket_.reset();
    wish_ready_.wait(
        lock, [&]() ZBAG_REQUIRES(wish_mutex_) { return wish_ticket_.has_value() || !running_; });
    if (!wish_ticket_) return fail(ErrorCode::kClosed, "the recorder is stopping");
    ticket = *wish_ticket_;
  }
  return recording_->wait_for(ticket);
}

}  // namespace zbag
