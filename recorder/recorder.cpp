#include "recorder/recorder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "bus/control.hpp"

namespace zbag {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPollMax{20};
constexpr milliseconds kSilence{200};
constexpr std::chrono::seconds kDrainMax{10};
constexpr std::uint32_t kFramesPerClock = 32;
constexpr std::size_t kFramesPerPump = 4096;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Recorder::Recorder(Options options) : options_(std::move(options)), talk_(options_.name) {}

Result<std::unique_ptr<Recorder>> Recorder::open(Context& context, const std::string& path,
                                                 Options options) {
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(options)));
  const Options& given = recorder->options_;
  if (given.with_broker) {
    Result<Broker> broker = Broker::bind(
        context,
        {.urls = given.urls, .insecure = given.insecure, .receive_all = true, .name = given.name});
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
        Subscriber::connect(context, given.urls.subscribe_to, prefixes, frames_max, true);
    if (!subscriber) return tl::unexpected(subscriber.error());
    recorder->subscriber_.emplace(std::move(*subscriber));
  }
  Result<Publisher> publisher = Publisher::connect(context, recorder->urls_.publish_to, {});
  if (!publisher) return tl::unexpected(publisher.error());
  recorder->publisher_.emplace(std::move(*publisher));
  Recording::Options rules = given.recording;
  rules.intake.warn = [recorder = recorder.get()](const std::string& text) {
    recorder->warn(text);
  };
  Result<std::unique_ptr<Recording>> recording =
      Recording::open(path, std::move(rules), given.open_storage);
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
    if (topic == "_sys/session") intake.announce(parts.frame.bytes());
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
    if (now - sent >= milliseconds(50)) {
      sent = now;
      static_cast<void>(
          publisher_->send(probe_topic_, bytes_of(probe)));  // repeated until it is seen
    }
    if (!warned && now - began >= std::chrono::seconds(2)) {
      warned = true;
      warn(fmt::format("waiting for a broker at {} and {}; start one with: zbag broker",
                       urls_.publish_to, urls_.subscribe_to));
    }
    // The duration is that of the command, also where there is nothing to record.
    if (options_.duration && now - began >= *options_.duration) stop();
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
    look_around();
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
    talk_.log("error", failure->message);
    talk_.loss({"", 0, recording_->totals().fate.dropped, error_word(failure->code)});
  }
  speak();
  talk_.bag(bag_said_, "closed");
  talk_.send(*publisher_);
  if (broker_) static_cast<void>(broker_->pump(milliseconds(50)));
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

// Twice a second: whether the broker is there, and what others should hear of.
void Recorder::look_around() {
  const auto now = Clock::now();
  if (now - looked_around_ < milliseconds(500)) return;
  looked_around_ = now;
  const std::optional<bool> broker = subscriber_ ? subscriber_->broker_news() : std::nullopt;
  if (broker && (std::exchange(had_broker_, true) || !*broker)) {
    warn(*broker ? fmt::format("the broker at {} is back", urls_.subscribe_to)
                 : fmt::format("the broker at {} has gone; nothing comes until it is back",
                               urls_.subscribe_to));
  }
  speak();
}

void Recorder::speak() {
  if (const std::string path = recording_->path(); path != bag_said_) {
    if (!bag_said_.empty()) talk_.bag(bag_said_, "complete");
    talk_.bag(path, "open");
    bag_said_ = path;
  }
  for (const LossNews& news : recording_->take_loss_news()) talk_.loss(news);
  talk_.send(*publisher_);
}

void Recorder::warn(const std::string& text) {
  talk_.log("warning", text);
  if (options_.warn) options_.warn(text);
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
