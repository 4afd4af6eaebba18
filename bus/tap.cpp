#include "bus/tap.hpp"

#include <deque>
#include <thread>
#include <utility>

#include "bus/subscriber.hpp"
#include "schemas/mutex.hpp"

namespace zbag {
namespace {

std::size_t bytes_of(const TapFrame& frame) { return frame.bytes.size() + frame.track.size(); }

}  // namespace

struct Tap::State {
  State(Subscriber socket, TrackFilter wanted, Options limits)
      : subscriber(std::move(socket)), filter(std::move(wanted)), options(limits) {}

  void run(const std::stop_token& stop);
  void look_for_broker();
  void take(Parts& parts);
  void note_one_part(std::string_view text);

  Subscriber subscriber;
  const TrackFilter filter;
  const Options options;
  Mutex mutex;
  Condition arrived;
  std::deque<TapFrame> ring ZBAG_GUARDED_BY(mutex);
  std::size_t ring_bytes ZBAG_GUARDED_BY(mutex) = 0;
  std::uint64_t skipped ZBAG_GUARDED_BY(mutex) = 0;
  OnePart one_part ZBAG_GUARDED_BY(mutex);
  std::optional<bool> broker_news ZBAG_GUARDED_BY(mutex);
  bool had_broker = false;  // of the thread
  std::jthread thread;      // last: stops before what it uses goes
};

void Tap::State::run(const std::stop_token& stop) {
  Parts parts;
  while (!stop.stop_requested()) {
    look_for_broker();
    if (!subscriber.wait(std::chrono::milliseconds(50))) continue;
    while (subscriber.receive(parts).value_or(false) && !stop.stop_requested()) take(parts);
  }
}

// That it has come for the first time is no news.
void Tap::State::look_for_broker() {
  const std::optional<bool> news = subscriber.broker_news();
  if (!news || (!std::exchange(had_broker, true) && *news)) return;
  const MutexLock lock(mutex);
  broker_news = news;
}

void Tap::State::take(Parts& parts) {
  const std::string_view track = plain_name(parts.topic.text());
  if (parts.count < 2) {
    note_one_part(parts.topic.text());
    return;
  }
  if (track_name_fault(track) != nullptr || !filter.matches(track)) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  TapFrame frame{std::string(track), std::string(parts.frame.text()),
                 std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
  {
    const MutexLock lock(mutex);
    ring_bytes += bytes_of(frame);
    ring.push_back(std::move(frame));
    while (ring.size() > options.frames_max ||
           (ring_bytes > options.bytes_max && ring.size() > 1)) {
      ring_bytes -= bytes_of(ring.front());
      ring.pop_front();
      ++skipped;
    }
  }
  arrived.notify_one();
}

void Tap::State::note_one_part(std::string_view text) {
  constexpr std::size_t kKept = 80;
  if (is_system_track(text)) return;
  const MutexLock lock(mutex);
  if (one_part.count++ == 0) one_part.first = text.substr(0, kKept);
}

Tap::Tap(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tap::~Tap() = default;
Tap::Tap(Tap&&) noexcept = default;
Tap& Tap::operator=(Tap&&) noexcept = default;

Result<Tap> Tap::open(Context& context, const std::string& url, TrackFilter filter,
                      Options options) {
  Result<Subscriber> subscriber =
      Subscriber::connect(context, url, filter.subscriptions(), kSocketFramesMax, true);
  if (!subscriber) return tl::unexpected(subscriber.error());
  auto state = std::make_unique<State>(std::move(*subscriber), std::move(filter), options);
  State* const raw = state.get();
  raw->thread = std::jthread([raw](const std::stop_token& stop) { raw->run(stop); });
  return Tap(std::move(state));
}

std::optional<TapFrame> Tap::next(std::chrono::milliseconds timeout) {
  State& state = *state_;
  MutexLock lock(state.mutex);
  const auto has_frame = [&]() ZBAG_REQUIRES(state.mutex) { return !state.ring.empty(); };
  if (!state.arrived.wait_for(lock, timeout, has_frame)) return std::nullopt;
  TapFrame frame = std::move(state.ring.front());
  state.ring.pop_front();
  state.ring_bytes -= bytes_of(frame);
  return frame;
}

std::uint64_t Tap::skipped() const {
  const MutexLock lock(state_->mutex);
  return state_->skipped;
}

Tap::OnePart Tap::one_part() const {
  const MutexLock lock(state_->mutex);
  return state_->one_part;
}

std::optional<bool> Tap::broker_news() {
  const MutexLock lock(state_->mutex);
  return std::exchange(state_->broker_news, std::nullopt);
}

}  // namespace zbag
