#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/give_up.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/node.hpp"
#include "nodes/number_text.hpp"
#include "nodes/open_bags.hpp"
#include "nodes/sending.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/player.hpp"
#include "schemas/field_lookup.hpp"

namespace zbag {
namespace {

struct Arguments {
  BusArguments bus;
  SelectionArguments selection;
  std::vector<std::string> bags;
  Player::Options player;
  WaitSeconds wait = kWaitDefault;
};

Player::Options options_of(const Arguments& arguments, const BagReader::Selection& selection) {
  Player::Options options = arguments.player;
  options.filter = selection.filter;
  options.range = selection.range;
  options.columns = arguments.selection.columns;
  options.points_max = arguments.selection.limit;
  options.warn = [](const std::string& text) { warn("play", text); };
  if (!arguments.bus.quiet)
    options.tell = [](const std::string& text) { say("zbag play: {}\n", text); };
  return options;
}

Value status_of(const Player& player) {
  const PlayerStatus status = player.status();
  return Fields{{"time", status.time},         {"start", status.start},
                {"end", status.end},           {"rate", status.rate},
                {"waiting", status.waiting},   {"paused", status.paused},
                {"stopping", status.stopping}, {"published", status.published},
                {"laps", status.laps},         {"steps_left", status.steps_left}};
}

// A request's time, as it is written on the command line; a plain number stands for its text.
Result<Timestamp> time_argument(const Value& value, const std::string& sign,
                                const TimeRange& extent) {
  if (const auto* text = value.get_if<std::string>()) return parse_time(sign + *text, extent);
  if (const std::optional<double> number = number_of(value))
    return parse_time(sign + seconds_text(*number), extent);
  return fail(ErrorCode::kInvalid, "give a number or a text");
}

// `time` counts from the bags' start and end, `offset` from where the replay starts.
Status seek(Player& player, const Fields& args, const TimeRange& extent) {
  const Value* const time = find_field(args, "time");
  const Value* const offset = find_field(args, "offset");
  if ((time == nullptr) == (offset == nullptr))
    return fail(ErrorCode::kInvalid, "seek: give time=TIME or offset=SECONDS, one of them");
  const PlayerStatus status = player.status();
  const std::optional<Timestamp> start = Timestamp::from_seconds(status.start);
  const Result<Timestamp> target =
      time != nullptr
          ? time_argument(*time, "", extent)
          : time_argument(*offset, "+", {start ? start->ns() : extent.first, extent.last});
  if (!target) return fail(target.error(), time != nullptr ? "seek: time" : "seek: offset");
  player.seek(*target);
  return {};
}

Status set_rate(Player& player, const Fields& args) {
  const Value* const given = find_field(args, "rate");
  const std::optional<double> rate = given == nullptr ? std::nullopt : number_of(*given);
  if (!rate) return fail(ErrorCode::kInvalid, "rate: give rate=R, a number; 1 is real time");
  return player.set_rate(*rate);
}

// Answers when the points have left, or a while later: a bus may take nothing.
Status step(Player& player, const Fields& args) {
  constexpr double kCountMax = 1e9;
  const Value* const given = find_field(args, "count");
  const std::optional<double> count = given == nullptr ? 1.0 : number_of(*given);
  if (!count || !(*count >= 1.0 && *count <= kCountMax) || *count != std::floor(*count))
    return fail(ErrorCode::kInvalid, "step: count: give a whole number from 1 to 1000000000");
  player.step(static_cast<std::uint64_t>(*count));
  static_cast<void>(player.await_steps(std::chrono::seconds(2)));  // the state says what is left
  return {};
}

// Every operation answers with the state after it.
std::vector<ControlOp> control_ops(Player& player, const TimeRange& extent) {
  using Work = std::function<Status(const Fields&)>;
  const auto op = [&player](std::string name, std::string summary, Work work,
                            std::vector<std::string> arguments = {}) -> ControlOp {
    const auto run = [&player, work = std::move(work)](const Fields& args) -> Result<Value> {
      if (Status status = work(args); !status) return tl::unexpected(status.error());
      return status_of(player);
    };
    return {std::move(name), std::move(summary), run, std::move(arguments)};
  };
  // Of those that take no arguments and do not fail.
  const auto plain = [](std::function<void()> work) -> Work {
    return [work = std::move(work)](const Fields&) -> Status {
      work();
      return {};
    };
  };
  return {
      op("status", "where the playback is", plain([] {})),
      op("pause", "stand still", plain([&] { player.pause(); })),
      op("resume", "go on", plain([&] { player.resume(); })),
      op("toggle", "pause or resume", plain([&] { player.toggle(); })),
      op("seek",
         "time=TIME, written as on the command line (1326899528.4, 2026-11-20T10:00:00Z, +1m30s or "
         "-5 from the ends of the bag), or offset=SECONDS (90, 1m30s) from where the replay starts",
         [&player, extent](const Fields& args) { return seek(player, args, extent); },
         {"time", "offset"}),
      op("rate", "rate=R, 1 is real time",
         [&player](const Fields& args) { return set_rate(player, args); }, {"rate"}),
      op("step", "count=N points, then stand still [1]",
         [&player](const Fields& args) { return step(player, args); }, {"count"}),
      op("stop", "stop as Ctrl-C does", plain([&] { player.stop(); })),
  };
}

void seek_by(Player& player, double seconds) {
  const std::optional<Timestamp> time = Timestamp::from_seconds(player.status().time + seconds);
  if (time) player.seek(*time);
}

// Keys of the terminal: space pauses, right steps, up and down change the rate, left and page keys
// seek, q ends.
void on_key(Player& player, Key key) {
  switch (key) {
    case Key::kSpace:
      player.toggle();
      break;
    case Key::kRight:
      player.step(1);
      break;
    case Key::kUp:
      static_cast<void>(player.set_rate(player.status().rate * 1.25));
      break;
    case Key::kDown:
      static_cast<void>(player.set_rate(player.status().rate / 1.25));
      break;
    case Key::kLeft:
      seek_by(player, -1.0);
      break;
    case Key::kPageUp:
      seek_by(player, 10.0);
      break;
    case Key::kPageDown:
      seek_by(player, -10.0);
      break;
    case Key::kQuit:
      player.stop();
      break;
    case Key::kHome:
    case Key::kEnd:
    case Key::kSort:
    case Key::kReverse:
      break;  // of tables
  }
}

// Looks at signals and keys, and draws where the playback is.
class Watch {
 public:
  Watch(Player& player, bool quiet) : player_(player), line_(quiet) {}

  void look(int signals) {
    if (signals > 0) player_.stop();
    // All that were pressed since: a key that is held down sends more than ten a second.
    auto patience = std::chrono::milliseconds(100);
    while (const std::optional<Key> key = keys_.read(patience)) {
      on_key(player_, *key);
      patience = std::chrono::milliseconds(0);
    }
    const PlayerStatus status = player_.status();
    const char* const state = status.waiting ? "waiting" : status.paused ? "paused " : "playing";
    line_.show({{fmt::format("{} {:.2f} of {:.2f} s  x{:.2f}  {}", state,
                             status.time - status.start, status.end - status.start, status.rate,
                             amount_text(status.published, "frame"))}},
               {"  (space pause, right step, up/down rate, left/PgUp/PgDn seek, q ends)",
                "  (space → ↑↓ ← PgUp PgDn q)", "  (q ends)"});
  }

 private:
  Player& player_;
  KeyReader keys_;
  StatusLine line_;
};

int play(const Arguments& arguments, Playlist& playlist, const BagReader::Selection& selection,
         GiveUp& give_up, std::optional<std::uint64_t>& published) {
  Context context;
  const std::string& name = arguments.bus.name;
  Result<std::unique_ptr<Session>> session =
      Session::on_bus(context, arguments.bus.urls, {.name = name.empty() ? "play" : name},
                      patient_bus("play", arguments.bus.urls));
  if (!session) return show("play", session.error());
  Result<std::unique_ptr<Player>> opened =
      Player::open(playlist, **session, options_of(arguments, selection));
  if (!opened) return show("play", opened.error());
  Player& player = **opened;
  if (!player.has_anything()) return show_nothing_chosen("play", playlist.extent());
  Result<Node> node = Node::open(context, "play", name,
                                 control_ops(player, playlist.extent().value_or(TimeRange::all())));
  if (!node) return show("play", node.error());
  Status status;
  {
    // Gives the terminal back before the last frames leave: whoever gives up on those ends at once.
    Watch watch(player, arguments.bus.quiet);
    status = node->run(
        [&] {
          await_listener(
              "play", arguments.bus.urls, arguments.wait,
              [&](auto slice) { return (*session)->wait_for_listener(slice); },
              [&] { return player.is_stopping() || StopSignal::wanted(); });
          if (StopSignal::wanted()) player.stop();  // before the watch has seen it
          return player.run();
        },
        [&](int signals) { watch.look(signals); });
  }
  Status closed = (*session)->close();
  published = player.status().published;
  give_up.leaving(*published);
  if (!status) return show("play", status.error());
  if (!closed) return show("play", closed.error());
  if (player.skipped_points() == 0) return kExitDone;
  warn("play", fmt::format("could not play {}", amount_text(player.skipped_points(), "point")));
  return kExitLossy;
}

// A recording that goes on may have points by the time anybody listens; of a damaged record nobody
// knows.
bool is_empty(const Playlist& playlist) {
  const auto& bags = playlist.summaries();
  return playlist.points() == 0 && std::none_of(bags.begin(), bags.end(), [](const auto& bag) {
           return !bag.whole() || is_being_written(bag.path);
         });
}

int run(const Arguments& arguments) {
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("play"));
  if (!bags) return show("play", bags.error());
  int opened = kExitDone;
  Result<Playlist> playlist = open_bags("play", *bags, opened);
  if (!playlist) return show("play", playlist.error());
  std::vector<std::string> renamed;
  for (const auto& [from, to] : arguments.player.remap) renamed.push_back(from);
  const Result<BagReader::Selection> selection =
      choose("play", arguments.selection, playlist->summaries(), SystemTracks::kWhenNamed, renamed);
  if (!selection) return show_unchosen("play", selection.error());
  if (is_empty(*playlist)) {
    if (!arguments.bus.quiet)
      say("zbag play: nothing to play: no bag holds a point\npublished 0 frames\n");
    return opened;
  }
  GiveUp give_up("play", arguments.bus.urls.publish_to);
  std::optional<std::uint64_t> published;
  // The context's end, inside, waits until the last frame has left the process.
  const int exit_code = play(arguments, *playlist, *selection, give_up, published);
  give_up.left();
  if (!arguments.bus.quiet && published) say("published {}\n", amount_text(*published, "frame"));
  return std::max(opened, exit_code);
}

}  // namespace

Verb add_play(CLI::App& root) {
  auto options =
      std::make_unique<OptionTable>(root, "play", "Replays bags on the bus, several as one",
                                    "zbag play day.zbag --rate 10 --track 'laser/**'");
  auto a = std::make_shared<Arguments>();
  using Seconds = std::chrono::duration<double>;
  add_bags(*options, a->bags, "Bags to replay, merged by _ts");
  options->add("--rate", a->player.rate, option_type::number("R", kRateBounds),
               "Speed; 1 is real time");
  options->add_flag("--burst", a->player.burst, "As fast as the bus takes frames");
  add_selection(*options, a->selection);
  options->add_list("--remap", a->player.remap, option_type::track_rename(),
                    "Publishes a track under another name; may be repeated");
  options->add("--prefix", a->player.prefix, option_type::track_name("P"),
               "Put before every track name");
  options->add_flag("--loop", a->player.loop, "Starts over at the end, stamps going on");
  options->add("--max-gap", a->player.max_gap,
               option_type::or_zero(option_type::seconds<std::chrono::nanoseconds>({0.0, 1e9})),
               "Skips silence of the recording that is longer than so many seconds; 0: never");
  options->add("--delay", a->player.delay, option_type::seconds<Seconds>({0.0, 1e6}),
               "Seconds to wait before the first frame");
  options->add_flag("--start-paused", a->player.start_paused,
                    "Stands still until resumed (space, or zbag ctl play resume)");
  add_wait(*options, a->wait);
  add_bus_options(*options, a->bus);
  options->explain({"Keys on a terminal",
                    {{"space", "Stands still, goes on"},
                     {"→", "Publishes the next frame, then stands still"},
                     {"↑ ↓", "Faster, slower, by a quarter"},
                     {"←", "A second back"},
                     {"PgUp PgDn", "Ten seconds forward, back"},
                     {"q", "Ends, as Ctrl-C does"}}});
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
