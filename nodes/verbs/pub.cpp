#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "bus/session/session.hpp"
#include "nodes/errors.hpp"
#include "nodes/give_up.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/node.hpp"
#include "nodes/number_text.hpp"
#include "nodes/sending.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "nodes/unmatched.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/imports/neutral_file.hpp"
#include "player/playback_clock.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct Arguments {
  BusArguments bus;
  std::string file;
  double rate = 1.0;
  bool burst = false;
  bool loop = false;
  bool split_tracks = false;
  std::vector<std::string> tracks;
  std::vector<std::string> excluded;
  WaitSeconds wait = kWaitDefault;
};

// One session for all tracks, or one a track, as separate sensor processes would have.
class Sessions {
 public:
  Sessions(Context& context, const Arguments& arguments)
      : context_(context), arguments_(arguments) {}

  Result<Track*> track(const std::string& name) {
    const auto known = tracks_.find(name);
    if (known != tracks_.end()) return &known->second;
    Result<Session*> session = session_of(name);
    if (!session) return tl::unexpected(session.error());
    Result<Track> track = (*session)->track(name);
    if (!track) return tl::unexpected(track.error());
    return &tracks_.emplace(name, *track).first->second;
  }

  bool wait_for_listener(std::chrono::milliseconds timeout) {
    const Result<Session*> session = session_of("");
    return session && (*session)->wait_for_listener(timeout);
  }

  Status close() {
    Status first;
    for (auto& [name, session] : sessions_) {
      Status status = session->close();
      if (first && !status) first = status;
    }
    return first;
  }

 private:
  Result<Session*> session_of(const std::string& track) {
    const std::string key = arguments_.split_tracks ? track : std::string();
    const auto known = sessions_.find(key);
    if (known != sessions_.end()) return known->second.get();
    std::string name = arguments_.bus.name.empty() ? "pub" : arguments_.bus.name;
    if (!key.empty()) name += ":" + key;
    Result<std::unique_ptr<Session>> session = Session::on_bus(
        context_, arguments_.bus.urls, {.name = name}, patient_bus("pub", arguments_.bus.urls));
    if (!session) return tl::unexpected(session.error());
    // A new socket would lose its first frames before the subscription has come through.
    if (!key.empty()) (*session)->wait_for_listener(std::chrono::milliseconds(500));
    return sessions_.emplace(key, std::move(*session)).first->second.get();
  }

  Context& context_;
  const Arguments& arguments_;
  std::map<std::string, std::unique_ptr<Session>> sessions_;
  std::map<std::string, Track> tracks_;
};

class Publication {
 public:
  Publication(const Arguments& arguments, TrackFilter filter, Sessions& sessions)
      : arguments_(arguments),
        filter_(std::move(filter)),
        sessions_(sessions),
        clock_([] { return std::chrono::steady_clock::now(); }) {
    clock_.set_rate(arguments.rate);
  }

  // Opens the file and reads to its first chosen frame, where that was not done yet.
  Status begin() {
    if (reader_) return {};
    Result<NeutralReader> reader = NeutralReader::open(arguments_.file);
    if (!reader) return tl::unexpected(reader.error());
    reader_ = std::move(*reader);
    return read_on();
  }
  // Whether there is a frame to send.
  bool has_frame() const { return next_.has_value(); }

  // Publishes the file once; stamps are shifted by what earlier laps took. False: nothing was sent,
  // or nothing more can be.
  Result<bool> lap() {
    const std::uint64_t sent_before = sent_;
    last_.reset();
    Status status = begin();
    while (status && next_ && !is_stopping()) {
      pace(next_->stamp.ns());
      if (is_stopping()) break;  // it was not its turn yet
      status = send(*next_);
      if (status) status = read_on();
    }
    reader_.reset();
    if (!status) return tl::unexpected(status.error());
    return sent_ > sent_before && !is_stopping();
  }
  // Waits one median step behind the last frame, and shifts the stamps of the next lap by what this
  // one took. kUnsupported: they would lie beyond the end of time.
  Status turn() {
    const std::int64_t step = median_step(steps_);
    const std::optional<Lap> lap = lap_of(first_, *last_, step, shift_ns_);
    if (!lap)
      return fail(ErrorCode::kUnsupported,
                  "--loop ends: the stamps of a further lap would lie beyond the end of time (the "
                  "year 2262)");
    wait_until(sum_of_stamps(*last_, step));
    clock_.turn_back(lap->length_ns);
    shift_ns_ = lap->shift_ns;
    ++laps_;
    return {};
  }
  // From any thread: stop() ends the lap as a signal does.
  void stop() { stopping_ = true; }
  bool is_stopping() const { return stopping_ || StopSignal::wanted(); }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t laps() const { return laps_; }
  // Of the file, chosen or not; nullopt: it was not read to its end.
  std::optional<std::vector<std::string>> all_tracks() const {
    if (!was_read_) return std::nullopt;
    return std::vector(tracks_.begin(), tracks_.end());
  }
  // Seconds of the recording that have been played in this lap.
  double seconds() const { return static_cast<double>(progress_ns_.load()) / 1e9; }

 private:
  // To the next chosen frame; none at the end, and when stopped before.
  Status read_on() {
    next_.reset();
    while (!next_ && !is_stopping()) {
      Result<std::optional<NeutralFrame>> frame = reader_->next();
      if (!frame && frame.error().code == ErrorCode::kInvalid) {
        refuse(frame.error().message);
        continue;
      }
      if (!frame) return tl::unexpected(frame.error());
      was_read_ = was_read_ || !*frame;
      if (!*frame) break;
      tracks_.insert((*frame)->track);
      if (filter_.matches((*frame)->track)) next_ = std::move(**frame);
    }
    return {};
  }

  // Waits until it is the frame's turn. The clock starts at the first one that is sent.
  void pace(std::int64_t ns) {
    if (!last_) {
      first_ = ns;
      if (laps_ == 0) clock_.seek(ns);
    } else if (arguments_.loop && laps_ == 0 && ns > *last_) {
      steps_.push_back(between_stamps(*last_, ns));
    }
    last_ = last_ ? std::max(*last_, ns) : ns;
    wait_until(ns);
    progress_ns_ = between_stamps(first_, *last_);
  }

  void refuse(const std::string& why) {
    ++refused_;
    warn("pub", why);
  }

  void wait_until(std::int64_t ns) const {
    if (arguments_.burst) return;
    while (!is_stopping()) {
      const auto left = *clock_.when(ns) - std::chrono::steady_clock::now();
      if (left.count() <= 0) return;
      std::this_thread::sleep_for(
          std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds(100)));
    }
  }

  // Waits for room as long as there is none; when stopped meanwhile it is not sent.
  Status send(const NeutralFrame& frame) {
    Result<Track*> track = sessions_.track(frame.track);
    const Timestamp stamp = shift_ns_ == 0
                                ? frame.stamp
                                : Timestamp::from_ns(sum_of_stamps(frame.stamp.ns(), shift_ns_));
    Status status =
        track ? (*track)->append(frame.fields, stamp) : Status(tl::unexpected(track.error()));
    const auto is = [&](ErrorCode code) { return !status && status.error().code == code; };
    while (is(ErrorCode::kTimeout) && !is_stopping())
      status = (*track)->append(frame.fields, stamp);
    if (is(ErrorCode::kTimeout)) return {};
    if (is(ErrorCode::kInvalid)) {
      refuse(status.error().message);
      return {};
    }
    if (status) ++sent_;
    return status;
  }

  const Arguments& arguments_;
  TrackFilter filter_;
  Sessions& sessions_;
  std::optional<NeutralReader> reader_;
  std::optional<NeutralFrame> next_;
  std::set<std::string> tracks_;  // met so far
  bool was_read_ = false;         // to the end, once at least
  PlaybackClock clock_;
  std::int64_t shift_ns_ = 0;
  std::int64_t first_ = 0;            // stamp of this lap's first frame
  std::optional<std::int64_t> last_;  // the latest one of this lap; nullopt: none yet
  std::vector<std::int64_t> steps_;
  std::atomic<std::int64_t> progress_ns_{0};
  std::atomic<std::uint64_t> laps_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> refused_{0};
};

Value status_of(const Publication& publication, const std::atomic<bool>& is_waiting) {
  return Fields{{"waiting", is_waiting.load()},    {"stopping", publication.is_stopping()},
                {"published", publication.sent()}, {"refused", publication.refused()},
                {"laps", publication.laps()},      {"time", publication.seconds()}};
}

std::vector<ControlOp> control_ops(Publication& publication, const std::atomic<bool>& is_waiting) {
  return {
      {"status", "what has been published",
       [&](const Fields&) -> Result<Value> { return status_of(publication, is_waiting); }},
      {"stop", "stop as Ctrl-C does",
       [&](const Fields&) -> Result<Value> {
         publication.stop();
         return status_of(publication, is_waiting);
       }},
  };
}

// Laps until the end, or for ever with --loop; the sessions are closed.
Status publish(Publication& publication, Sessions& sessions, bool loops) {
  Status status;
  while (status) {
    const Result<bool> goes_on = publication.lap();
    if (!goes_on) status = tl::unexpected(goes_on.error());
    if (!goes_on || !*goes_on || !loops) break;
    status = publication.turn();
  }
  Status closed = sessions.close();
  return status ? closed : status;
}

std::string progress_text(const Publication& publication, bool is_waiting) {
  if (is_waiting) return "waiting for somebody who listens";
  return fmt::format("publishing  {} of the recording{}  {}", duration_text(publication.seconds()),
                     publication.laps() > 0 ? fmt::format(", lap {}", publication.laps() + 1) : "",
                     amount_text(publication.sent(), "frame"));
}

int exit_code_of(const Status& status, const Publication& publication) {
  if (!status) return show("pub", status.error());
  return publication.refused() > 0 ? kExitLossy : kExitDone;
}

// Of a file without a frame to send; one from which nothing was to be chosen has given all it has.
int show_nothing_to_publish(const Publication& publication, const Arguments& arguments) {
  const bool is_choice = !arguments.tracks.empty() || !arguments.excluded.empty();
  if (is_choice && !publication.is_stopping()) {
    const std::string named = fmt::format("matches {}", fmt::join(arguments.tracks, ", "));
    say_always("zbag pub: nothing published: no track of {} {}\n", printable(arguments.file),
               arguments.tracks.empty() ? "is left by --exclude" : printable(named));
    return kExitLossy;
  }
  if (!arguments.bus.quiet) say("published 0 frames\n");
  return exit_code_of({}, publication);
}

int run(const Arguments& arguments) {
  const Result<TrackFilter> filter = TrackFilter::parse(arguments.tracks, arguments.excluded);
  if (!filter) return show("pub", filter.error());
  int exit_code = kExitDone;
  std::uint64_t sent = 0;
  std::optional<std::vector<std::string>> tracks;
  GiveUp give_up("pub", arguments.bus.urls.publish_to);
  {
    Context context;
    Sessions sessions(context, arguments);
    Publication publication(arguments, *filter, sessions);
    // Beforehand, so that a wrong name is said before anybody is waited for.
    if (const Status begun = publication.begin(); !begun) return show("pub", begun.error());
    if (!publication.has_frame()) return show_nothing_to_publish(publication, arguments);
    std::atomic<bool> is_waiting{true};
    Result<Node> node =
        Node::open_anyway(context, "pub", arguments.bus.name, control_ops(publication, is_waiting));
    if (!node) return show("pub", node.error());
    Status status;
    {
      StatusLine line(arguments.bus.quiet);
      status = node->run(
          [&] {
            await_listener(
                "pub", arguments.bus.urls, arguments.wait,
                [&](auto slice) { return sessions.wait_for_listener(slice); },
                [&] { return publication.is_stopping(); });
            is_waiting = false;
            return publish(publication, sessions, arguments.loop);
          },
          [&](int signals) {
            if (signals > 0) publication.stop();
            line.show({{progress_text(publication, is_waiting)}});
            StopSignal::wait(std::chrono::milliseconds(50));
          });
    }
    exit_code = exit_code_of(status, publication);
    sent = publication.sent();
    tracks = publication.all_tracks();
    give_up.leaving(sent);
    // The context's end waits until the last frame has left the process.
  }
  give_up.left();
  if (tracks) warn_of_idle_exclusions("pub", arguments.excluded, *tracks);
  if (!arguments.bus.quiet) say("published {}\n", amount_text(sent, "frame"));
  return exit_code;
}

}  // namespace

Verb add_pub(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "pub", "Publishes a neutral recording as sensor processes would",
      "zbag pub run.jsonl.xz --rate 20");
  auto a = std::make_shared<Arguments>();
  options
      ->add("FILE", a->file, option_type::any_text("FILE"), "Recording: JSON lines, plain or .xz")
      .required();
  options->add("--rate", a->rate, option_type::number("R", kRateBounds), "Speed; 1 is real time");
  options->add_flag("--burst", a->burst, "As fast as the bus takes frames");
  options->add_flag("--loop", a->loop, "Starts over at the end, stamps going on");
  options->add_flag("--split-tracks", a->split_tracks, "One publishing session for each track");
  add_tracks(*options, a->tracks, a->excluded);
  add_wait(*options, a->wait);
  add_bus_options(*options, a->bus);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
