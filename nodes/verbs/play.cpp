#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "bus/control.hpp"
#include "nodes/command.hpp"
#include "nodes/give_up.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "player/player.hpp"
#include "schemas/field_lookup.hpp"

namespace zbag {
namespace {

struct Arguments {
  BusArguments bus;
  SelectionArguments selection;
  std::vector<std::string> bags;
  double rate = 1.0;
  bool burst = false;
  bool loop = false;
  bool start_paused = false;
  double duration_seconds = 0.0;
  double delay_seconds = 0.0;
  double wait_seconds = 5.0;
  std::vector<std::string> remap;
  std::string prefix;
};

Result<Player::Options> parse(const Arguments& arguments, const Playlist& playlist) {
  Player::Options options;
  struct Bounded {
    const char* option;
    double value;
    double low;
    double high;
  };
  for (const Bounded& number : {Bounded{"rate", arguments.rate, 1e-6, 1e6},
                                Bounded{"duration", arguments.duration_seconds, 0.0, 1e9},
                                Bounded{"delay", arguments.delay_seconds, 0.0, 1e6},
                                Bounded{"wait", arguments.wait_seconds, 0.0, 1e6}}) {
    if (Status status = check_number(number.option, number.value, number.low, number.high); !status)
      return tl::unexpected(status.error());
  }
  const Result<TrackFilter> filter =
      TrackFilter::parse(arguments.selection.tracks, arguments.selection.excluded);
  if (!filter) return tl::unexpected(filter.error());
  options.filter = *filter;
  const std::optional<TimeRange> extent = playlist.extent();
  const Result<TimeRange> range =
      parse_range(arguments.selection.start, arguments.selection.end, extent);
  if (!range) return tl::unexpected(range.error());
  options.range = *range;
  if (arguments.duration_seconds > 0.0 && extent) {
    const std::int64_t first = std::max(range->first, extent->first);
    options.range.last = std::min(
        options.range.last, first + static_cast<std::int64_t>(arguments.duration_seconds * 1e9));
  }
  for (const std::string& rule : arguments.remap) {
    const std::size_t at = rule.find(":=");
    if (at == std::string::npos || at == 0 || at + 2 == rule.size()) {
      return fail(ErrorCode::kInvalid, fmt::format("--remap {}: write FROM:=TO", rule));
    }
    options.remap.emplace_back(rule.substr(0, at), rule.substr(at + 2));
  }
  options.rate = arguments.rate;
  options.burst = arguments.burst;
  options.loop = arguments.loop;
  options.start_paused = arguments.start_paused;
  options.prefix = arguments.prefix;
  options.delay = std::chrono::duration<double>(arguments.delay_seconds);
  options.warn = [](const std::string& text) { warn("play", text); };
  return options;
}

Value status_of(const Player& player) {
  const PlayerStatus status = player.status();
  return Fields{{"time", status.time}, {"start", status.start},   {"end", status.end},
                {"rate", status.rate}, {"paused", status.paused}, {"published", status.published},
                {"laps", status.laps}};
}

std::vector<ControlOp> control_ops(Player& player) {
  const auto after = [&player](Status status) -> Result<Value> {
    if (!status) return tl::unexpected(status.error());
    return status_of(player);
  };
  return {
      {"status", "where the playback is",
       [&player](const Fields&) -> Result<Value> { return status_of(player); }},
      {"pause", "stand still",
       [&player](const Fields&) -> Result<Value> {
         player.pause();
         return status_of(player);
       }},
      {"resume", "go on",
       [&player](const Fields&) -> Result<Value> {
         player.resume();
         return status_of(player);
       }},
      {"toggle", "pause or resume",
       [&player](const Fields&) -> Result<Value> {
         player.toggle();
         return status_of(player);
       }},
      {"seek", "time=SECONDS since the epoch, or offset=SECONDS from the start",
       [&player, after](const Fields& args) {
         const double start = player.status().start;
         const bool has_time = find_field(args, "time") != nullptr;
         return after(player.seek(has_time ? number_field(args, "time", start)
                                           : start + number_field(args, "offset", 0.0)));
       }},
      {"rate", "rate=R, 1 is real time",
       [&player, after](const Fields& args) {
         return after(player.set_rate(number_field(args, "rate", 0.0)));
       }},
      {"step", "count=N points, then stand still [1]",
       [&player](const Fields& args) -> Result<Value> {
         player.step(static_cast<std::uint64_t>(std::max(1.0, number_field(args, "count", 1.0))));
         return status_of(player);
       }},
      {"stop", "stop as Ctrl-C does",
       [&player](const Fields&) -> Result<Value> {
         player.stop();
         return status_of(player);
       }},
  };
}

// Keys of the terminal: space pauses, right steps, up and down change the rate, left and page keys
// seek.
void on_key(Player& player, KeyReader::Key key) {
  const PlayerStatus status = player.status();
  switch (key) {
    case KeyReader::Key::kSpace:
      player.toggle();
      break;
    case KeyReader::Key::kRight:
      player.step(1);
      break;
    case KeyReader::Key::kUp:
      static_cast<void>(player.set_rate(status.rate * 1.25));
      break;
    case KeyReader::Key::kDown:
      static_cast<void>(player.set_rate(status.rate / 1.25));
      break;
    case KeyReader::Key::kLeft:
      static_cast<void>(player.seek(status.time - 1.0));
      break;
    case KeyReader::Key::kPageUp:
      static_cast<void>(player.seek(status.time + 10.0));
      break;
    case KeyReader::Key::kPageDown:
      static_cast<void>(player.seek(status.time - 10.0));
      break;
  }
}

void watch(Player& player, bool quiet, const std::stop_token& stop) {
  KeyReader keys;
  const bool draws = !quiet && is_terminal(2);
  LiveScreen screen;
  while (!stop.stop_requested()) {
    if (StopSignal::wanted()) player.stop();
    if (const std::optional<KeyReader::Key> key = keys.read(std::chrono::milliseconds(100)))
      on_key(player, *key);
    if (!draws) continue;
    const PlayerStatus status = player.status();
    screen.draw(
        {fmt::format("{} {:>9.2f} of {:.2f} s  x{:.2f}  {} frames   (space pause, right step, "
                     "up/down rate, left/PgUp/PgDn seek)",
                     status.paused ? "paused " : "playing", status.time - status.start,
                     status.end - status.start, status.rate, count_text(status.published))});
  }
}

int play(const Arguments& arguments, Playlist& playlist, GiveUp& give_up,
         std::uint64_t& published) {
  Result<Player::Options> options = parse(arguments, playlist);
  if (!options) return show("play", options.error());
  Context context;
  const bool is_named = !arguments.bus.name.empty();
  Result<std::unique_ptr<Session>> session =
      Session::on_bus(context, arguments.bus.urls, {.name = is_named ? arguments.bus.name : "play"},
                      {.wait_when_full = true, .linger = std::chrono::milliseconds(-1)});
  if (!session) return show("play", session.error());
  Result<std::unique_ptr<Player>> player = Player::open(playlist, **session, std::move(*options));
  if (!player) return show("play", player.error());
  Result<ControlServer> control = ControlServer::open(
      context, is_named ? arguments.bus.name : "play", !is_named, control_ops(**player));
  if (!control) return show("play", control.error());
  const auto wait =
      std::chrono::milliseconds(static_cast<std::int64_t>(arguments.wait_seconds * 1000.0));
  if (!(*session)->wait_for_listener(wait) && !StopSignal::wanted()) {
    warn("play", fmt::format("nobody listens at {} after {} s; playing all the same",
                             arguments.bus.urls.publish_to, arguments.wait_seconds));
  }
  std::jthread control_thread([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && control->poll(std::chrono::milliseconds(50))) {
    }
  });
  std::jthread watcher(
      [&](const std::stop_token& stop) { watch(**player, arguments.bus.quiet, stop); });
  const Status status = (*player)->run();
  watcher = {};
  control_thread = {};
  Status closed = (*session)->close();
  published = (*player)->status().published;
  give_up.leaving(published);
  if (!status) return show("play", status.error());
  if (!closed) return show("play", closed.error());
  if ((*player)->skipped_points() == 0) return kExitDone;
  warn("play", fmt::format("{} points could not be played", (*player)->skipped_points()));
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
  Result<Playlist> playlist = Playlist::open(arguments.bags);
  if (!playlist) return show("play", playlist.error());
  if (is_empty(*playlist)) {
    if (!arguments.bus.quiet)
      say("zbag play: nothing to play: no bag holds a point\npublished 0 frames\n");
    return kExitDone;
  }
  GiveUp give_up("play");
  std::uint64_t published = 0;
  // The context's end, inside, waits until the last frame has left the process.
  const int exit_code = play(arguments, *playlist, give_up, published);
  give_up.left();
  if (!arguments.bus.quiet && exit_code != kExitUsage)
    say("published {} frames\n", count_text(published));
  return exit_code;
}

}  // namespace

Verb add_play(CLI::App& root) {
  CLI::App* const app = add_subcommand(root, "play", "Replays bags on the bus, several as one",
                                       "zbag play day.zbag --rate 10 --track 'laser/**'");
  auto a = std::make_shared<Arguments>();
  app->add_option("BAG", a->bags, "Bags to replay, merged by _ts")
      ->required()
      ->capture_default_str();
  app->add_option("--rate", a->rate, "Speed; 1 is real time")->type_name("R");
  app->add_flag("--burst", a->burst, "As fast as the bus takes frames");
  add_selection(*app, a->selection, true);
  app->add_option("--duration", a->duration_seconds,
                  "Seconds of the recording to play; 0: to its end")
      ->type_name("S");
  app->add_option("--remap", a->remap, "Publishes a track under another name; may be repeated")
      ->type_name("FROM:=TO");
  app->add_option("--prefix", a->prefix, "Put before every track name")
      ->type_name("P")
      ->capture_default_str();
  app->add_flag("--loop", a->loop, "Starts over at the end, stamps going on");
  app->add_option("--delay", a->delay_seconds, "Seconds to wait before the first frame")
      ->type_name("S");
  app->add_flag("--start-paused", a->start_paused,
                "Stands still until resumed (space, or zbag ctl play resume)");
  app->add_option("--wait", a->wait_seconds, "Seconds to wait at most for the first subscriber")
      ->type_name("S");
  add_bus_options(*app, a->bus);
  return {app, [a] { return run(*a); }};
}

}  // namespace zbag
