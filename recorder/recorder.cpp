#include "recorder/recorder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "bus/control.hpp"
#include "bus/link_watch.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPollMax{100};  // how soon a stop or a wish is seen where nothing comes
constexpr milliseconds kSilence{100};
constexpr std::chrono::duration<double> kSilenceOfProbes{3.0};
constexpr std::chrono::seconds kDrainMax{10};
constexpr std::uint32_t kFramesPerClock = 32;
constexpr std::size_t kFramesPerPump = 4096;

}  // namespace

Recorder::Recorder(Options options) : options_(std::move(options)), talk_(options_.name) {}

Result<std::unique_ptr<Recorder>> Recorder::open(Context& context, const std::string& path,
                                                 Options options) {
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(options)));
  const Options& given = recorder->options_;
  recorder->probe_topic_ =
      fmt::format("_sys/probe/{}-{}", ::getpid(), reinterpret_cast<std::uintptr_t>(recorder.get()));
  const auto warn = [recorder = recorder.get()](const std::string& text) { recorder->warn(text); };
  if (given.with_broker) {
    Result<Broker> broker = Broker::bind(context, {.urls = given.urls,
                                                   .insecure = given.insecure,
                                                   .receive_all = true,
                                                   .name = given.name,
                                                   .warn = warn});
    if (!broker) return tl::unexpected(broker.error());
    recorder->urls_ = broker->urls();
    recorder->broker_ = std::move(*broker);
  } else {
    recorder->urls_ = given.urls;
    std::vector<std::string> prefixes = given.subscriptions;
    if (prefixes.front() != "") {
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
  rules.intake.warn = warn;
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

PhaseTimer* Recorder::receiving() const {
  RecordingTimers* const timers = options_.recording.timers;
  return timers == nullptr ? nullptr : &timers->receiving;
}

void Recorder::take(Parts& parts) {
  const std::string_view topic = parts.topic.text();
  if (since_clock_++ % kFramesPerClock == 0) arrival_ = ArrivalTime::now();
  Intake& intake = recording_->intake();
  if (is_system_track(topic)) {
    if (topic == "_sys/session" && parts.count > 1) intake.announce(parts.frame.bytes());
    if (topic == probe_topic_) {
      probe_seen_ = true;
      before_probe_ = taken_.frames;
    }
    // The bus's own talk is recorded only when a pattern names it, and is not counted otherwise.
    if (!options_.recording.intake.filter.matches(topic)) return;
  } else {
    const std::size_t bytes = parts.frame.bytes().size();
    ++taken_.frames;
    taken_.bytes += bytes;
    taken_.large += bytes >= kLargeFrameBytes ? 1 : 0;
  }
  if (parts.count < 2) {
    intake.refuse_message(topic);
    return;
  }
  {
    const auto decode = phase_of(receiving(), "decode");
    static_cast<void>(intake.accept(topic, parts.frame, parts.more, arrival_));  // counted there
  }
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
    // From the first frame on: before that it waits for one.
    std::optional<PhaseTimer::Phase> receive;
    const Result<std::size_t> pumped = broker_->pump(timeout, [&](Parts& parts) {
      if (!receive) receive.emplace(phase_of(receiving(), "receive"));
      take(parts);
    });
    if (!pumped) return tl::unexpected(pumped.error());
    count = *pumped;
  } else if (subscriber_->wait(timeout)) {
    const auto receive = phase_of(receiving(), "receive");
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

Status Recorder::send_probe() {
  probe_seen_ = false;
  std::string probe;
  encode_fields({{"_ts", 0.0}}, probe);
  return publisher_->send(probe_topic_, bytes_of(probe));
}

// Sends probes until one has gone round through the broker: from then on nothing is missed.
Status Recorder::await_broker() {
  const auto began = Clock::now();
  auto sent = Clock::time_point();
  bool warned = false;
  while (!probe_seen_ && !stopping_.load()) {
    const auto now = Clock::now();
    publisher_->read_subscriptions();
    // Before the broker has passed our own subscription on, a probe would go nowhere.
    if (publisher_->has_subscribers() && now - sent >= milliseconds(50)) {
      sent = now;
      static_cast<void>(send_probe());  // repeated until it is seen
    }
    if (!warned && now - began >= std::chrono::seconds(2)) {
      warned = true;
      warn(fmt::format("waiting for a broker at {} and {}; start one with: zbag broker",
                       urls_.publish_to, urls_.subscribe_to));
    }
    // The duration is that of the command, also where there is nothing to record.
    if (options_.duration && now - began >= *options_.duration) stop();
    const milliseconds patience = warned ? kPollMax : kPollMax / 2;
    if (Status status = pump(patience, nullptr); !status) return status;
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
  const bool has_bus = broker_ || probe_seen_;
  if (has_bus) {
    started_ = Clock::now();
  } else if (status) {
    warn(fmt::format("there was no broker at {} and {}: nothing could come", urls_.publish_to,
                     urls_.subscribe_to));
  }
  std::optional<Error> failure;
  while (status && !stopping_.load()) {
    status = pump(kPollMax, nullptr);
    if (options_.duration && Clock::now() - started_.load() >= *options_.duration) break;
    look_around();
    failure = recording_->failure();
    if (failure) break;
  }
  // With the disk full there is no use in reading on: what was accepted is written, no more taken.
  if (status && !failure && has_bus) drain();
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

// Reads what had been sent when the recording was to end, and as little as can be of what is sent
// later: with a broker in another process nobody says where the one ends and the other begins.
void Recorder::drain() {
  const auto deadline = Clock::now() + kDrainMax;
  // Of one that has gone there is what is here already.
  if (!is_broker_gone_ && !read_backlog(deadline)) return;
  const Status unsubscribed = broker_ ? broker_->receive_all_no_more() : subscriber_->unsubscribe();
  if (unsubscribed) read_rest(deadline);
}

// A broker takes from its publishers in turn. So a probe that comes back alone, with no frame since
// it was sent, has met none that waited there: some in a row, and the backlog is read. Not of large
// frames, which wait in parts: of these none may come in between either. Where sensors send so much
// that no probe is ever alone, it is the share of time this thread waits that tells, in time.
// False: to be left.
bool Recorder::read_backlog(Clock::time_point deadline) {
  constexpr int kProbesAlone = 5;
  constexpr milliseconds kBetween{10};
  const auto began = Clock::now();
  const Taken before = taken_;
  std::chrono::duration<double> waited{0};
  bool told = false;
  for (int alone = 0; alone < kProbesAlone;) {
    const Taken sent_at = taken_;
    if (!send_probe() || !read_until_probe(waited)) return true;  // there is no broker any more
    const bool is_alone = before_probe_ == sent_at.frames;
    read_until(Clock::now() + kBetween, waited);
    alone = is_alone && taken_.large == sent_at.large ? alone + 1 : 0;
    const auto now = Clock::now();
    if (now >= deadline || hurrying_.load()) return false;
    const std::chrono::duration<double> elapsed = now - began;
    const bool is_time =
        elapsed > (is_alone ? std::chrono::duration<double>(0.5) : kSilenceOfProbes);
    if (is_time && is_at_leisure(before, waited, elapsed)) return true;
    if (!told && elapsed > std::chrono::seconds(1)) {
      told = true;
      warn("frames are still coming; reads on for up to 10 s (Ctrl-C again: stop now)");
    }
  }
  return true;
}

// Empty reads prove nothing, they happen in the middle of a backlog, too. Of large frames this
// thread waits while another one of libzmq's copies them, so that bytes count as time.
bool Recorder::is_at_leisure(const Taken& before, std::chrono::duration<double> waited,
                             std::chrono::duration<double> elapsed) const {
  constexpr double kBytesPerSecond = 200e6;  // a slow bus under load
  const auto copied = static_cast<double>(taken_.bytes - before.bytes) / kBytesPerSecond;
  return waited > elapsed / 2 && copied < elapsed.count() / 2;
}

void Recorder::read_until(Clock::time_point until, std::chrono::duration<double>& waited) {
  while (Clock::now() < until && !hurrying_.load()) {
    if (!read_some(waited)) return;
  }
}

// What is there, or what comes within a millisecond, which counts as waiting. False: a failure.
bool Recorder::read_some(std::chrono::duration<double>& waited) {
  bool is_silent = true;
  if (!pump(milliseconds(0), &is_silent)) return false;
  if (!is_silent) return true;
  const auto empty_at = Clock::now();
  const bool is_read = pump(milliseconds(1), nullptr).has_value();
  waited += Clock::now() - empty_at;
  return is_read;
}

// False: it did not come back, and nothing else came for a while.
bool Recorder::read_until_probe(std::chrono::duration<double>& waited) {
  constexpr std::chrono::seconds kLost{1};
  auto heard = Clock::now();
  while (!probe_seen_ && !hurrying_.load()) {
    const std::uint64_t frames = taken_.frames;
    if (!read_some(waited)) return false;
    if (taken_.frames != frames) heard = Clock::now();
    if (Clock::now() - heard > kLost) return false;
  }
  return true;
}

// Others may want frames of a broker of our own: then there is never silence.
void Recorder::read_rest(Clock::time_point deadline) {
  if (broker_ && broker_->has_subscribers()) {
    static_cast<void>(read_backlog(deadline));
    return;
  }
  auto heard = Clock::now();
  while (Clock::now() - heard < kSilence && Clock::now() < deadline && !hurrying_.load()) {
    bool is_silent = true;
    if (!pump(kPollMax, &is_silent)) return;
    if (!is_silent) heard = Clock::now();
  }
}

// Twice a second: whether the broker is there, and what others should hear of.
void Recorder::look_around() {
  const auto now = Clock::now();
  if (now - looked_around_ < milliseconds(500) && !bag_said_.empty()) return;
  looked_around_ = now;
  const std::optional<bool> broker = subscriber_ ? subscriber_->broker_news() : std::nullopt;
  if (broker) is_broker_gone_ = !*broker;
  if (broker && (std::exchange(had_broker_, true) || !*broker))
    warn(broker_news_text(urls_.subscribe_to, *broker));
  speak();
}

void Recorder::speak() {
  // What is said before the broker has taken this publisher in goes nowhere, and is said once.
  publisher_->read_subscriptions();
  if (!publisher_->has_subscribers()) return;
  if (const std::string path = recording_->path(); path != bag_said_) {
    const std::uint64_t rescued = recording_->totals().rescued_bags;
    const bool is_rescue = std::exchange(rescued_said_, rescued) != rescued;
    if (!bag_said_.empty()) talk_.bag(bag_said_, is_rescue ? "rescued" : "complete");
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
