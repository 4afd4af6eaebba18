#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "bus/session/session.hpp"
#include "nodes/errors.hpp"
#include "nodes/give_up.hpp"
#include "nodes/node.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/formats/neutral_file.hpp"
#include "player/playback_clock.hpp"

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
    Result<std::unique_ptr<Session>> session =
        Session::on_bus(context_, arguments_.bus.urls, {.name = name},
                        {.wait_when_full = true, .linger = std::chrono::milliseconds(-1)});
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

  // Publishes the file once; stamps are shifted by what earlier laps took.
  Status lap() {
    Result<NeutralReader> reader = NeutralReader::open(arguments_.file);
    if (!reader) return tl::unexpected(reader.error());
    std::optional<std::int64_t> before;
    std::int64_t first = 0;
    while (!is_stopping()) {
      Result<std::optional<NeutralFrame>> frame = reader->next();
      if (!frame && frame.error().code == ErrorCode::kInvalid) {
        ++refused_;
        warn("pub", frame.error().message);
        continue;
      }
      if (!frame) return tl::unexpected(frame.error());
      if (!*frame) break;
      if (!filter_.matches((*frame)->track)) continue;
      const std::int64_t ns = (*frame)->stamp.ns();
      if (!before) {
        first = ns;
        clock_.seek(ns);
      } else if (arguments_.loop && shift_ns_ == 0 && ns > *before) {
        steps_.push_back(ns - *before);
      }
      before = before ? std::max(*before, ns) : ns;
      wait_until(ns);
      if (Status status = send(**frame); !status) return status;
    }
    if (before) shift_ns_ += *before - first + median_step(steps_);
    return {};
  }
  // From any thread: stop() ends the lap as a signal does.
  void stop() { stopping_ = true; }
  bool is_stopping() const { return stopping_ || StopSignal::wanted(); }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t refused() const { return refused_; }

 private:
  void wait_until(std::int64_t ns) const {
    if (arguments_.burst) return;
    while (!is_stopping()) {
      const auto left = *clock_.when(ns) - std::chrono::steady_clock::now();
      if (left.count() <= 0) return;
      std::this_thread::sleep_for(
          std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds(100)));
    }
  }

  Status send(const NeutralFrame& frame) {
    Result<Track*> track = sessions_.track(frame.track);
    const Timestamp stamp =
        shift_ns_ == 0 ? frame.stamp : Timestamp::from_ns(frame.stamp.ns() + shift_ns_);
    Status status =
        track ? (*track)->append(frame.fields, stamp) : Status(tl::unexpected(track.error()));
    while (!status && status.error().code == ErrorCode::kTimeout && StopSignal::count() < 2) {
      status = (*track)->append(frame.fields, stamp);
    }
    if (!status && status.error().code == ErrorCode::kInvalid) {
      ++refused_;
      warn("pub", status.error().message);
      return {};
    }
    if (status) ++sent_;
    return status;
  }

  const Arguments& arguments_;
  TrackFilter filter_;
  Sessions& sessions_;
  PlaybackClock clock_;
  std::int64_t shift_ns_ = 0;
  std::vector<std::int64_t> steps_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> refused_{0};
};

std::vector<ControlOp> control_ops(Publication& publication) {
  return {
      {"status", "what has been published",
       [&](const Fields&) -> Result<Value> {
         return Value(
             Fields{{"published", publication.sent()}, {"refused", publication.refused()}});
       }},
      {"stop", "stop as Ctrl-C does",
       [&](const Fields&) -> Result<Value> {
         publication.stop();
         return Value(Fields{{"stopping", true}});
       }},
  };
}

// Laps until the end, or for ever with --loop; the sessions are closed.
Status publish(Publication& publication, Sessions& sessions, bool loops) {
  Status status;
  do {
    status = publication.lap();
  } while (status && loops && !publication.is_stopping());
  Status closed = sessions.close();
  return status ? closed : status;
}

void await_listener(Sessions& sessions, const Arguments& arguments) {
  if (sessions.wait_for_listener(whole_milliseconds(arguments.wait)) || StopSignal::wanted())
    return;
  warn("pub", fmt::format("nobody listens at {} after {} s; publishing all the same",
                          arguments.bus.urls.publish_to, arguments.wait.count()));
}

int run(const Arguments& arguments) {
  const Result<TrackFilter> filter = TrackFilter::parse(arguments.tracks);
  if (!filter) return show("pub", filter.error());
  // Opened once beforehand, so that a wrong name is said before anybody is waited for.
  if (const Result<NeutralReader> reader = NeutralReader::open(arguments.file); !reader)
    return show("pub", reader.error());

  int exit_code = kExitDone;
  std::uint64_t sent = 0;
  GiveUp give_up("pub");
  {
    Context context;
    Sessions sessions(context, arguments);
    Publication publication(arguments, *filter, sessions);
    Result<Node> node =
        Node::open_anyway(context, "pub", arguments.bus.name, control_ops(publication));
    if (!node) return show("pub", node.error());
    const Status status = node->run(
        [&] {
          await_listener(sessions, arguments);
          return publish(publication, sessions, arguments.loop);
        },
        [&](int signals) {
          if (signals > 0) publication.stop();
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        });
    if (!status) exit_code = show("pub", status.error());
    if (status && publication.refused() > 0) exit_code = kExitLossy;
    sent = publication.sent();
    give_up.leaving(sent);
    // The context's end waits until the last frame has left the process.
  }
  give_up.left();
  if (!arguments.bus.quiet) say("published {} frames\n", count_text(sent));
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
  add_track(*options, a->tracks);
  add_wait(*options, a->wait);
  add_bus_options(*options, a->bus);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
