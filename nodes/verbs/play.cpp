#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "nodes/errors.hpp"
#include "nodes/give_up.hpp"
#include "nodes/node.hpp"
#include "nodes/number_text.hpp"
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
  std::optional<std::chrono::nanoseconds> duration;
  WaitSeconds wait = kWaitDefault;
};

Result<Player::Options> parse(const Arguments& arguments, const Playlist& playlist) {
  Player::Options options = arguments.player;
  const Result<TrackFilter> filter =
      TrackFilter::parse(arguments.selection.tracks, arguments.selection.excluded);
  if (!filter) return tl::unexpected(filter.error());
  options.filter = *filter;
  const std::optional<TimeRange> extent = playlist.extent();
  const Result<TimeRange> range =
      parse_range(arguments.selection.start, arguments.selection.end, extent);
  if (!range) return tl::unexpected(range.error());
  options.range = *range;
  if (arguments.duration && extent) {
    const std::int64_t first = std::max(range->first, extent->first);
    options.range.last = std::min(options.range.last, first + arguments.duration->count());
  }
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

// Looks at signals and keys, and draws where the playback is.
class Watch {
 public:
  Watch(Player& player, bool quiet)
      : player_(player), draws_(!quiet && is_said(LogLevel::kInfo) && is_terminal(2)) {}

  void look(int signals) {
    if (signals > 0) player_.stop();
    if (const std::optional<KeyReader::Key> key = keys_.read(std::chrono::milliseconds(100)))
      on_key(player_, *key);
    if (!draws_) return;
    const PlayerStatus status = player_.status();
    screen_.draw(
        {fmt::format("{} {:>9.2f} of {:.2f} s  x{:.2f}  {} frames   (space pause, right step, "
                     "up/down rate, left/PgUp/PgDn seek)",
                     status.paused ? "paused " : "playing", status.time - status.start,
                     status.end - status.start, status.rate, count_text(status.published))});
  }

 private:
  Player& player_;
  bool draws_;
  KeyReader keys_;
  LiveScreen screen_;
};

int play(const Arguments& arguments, Playlist& playlist, GiveUp& give_up,
         std::uint64_t& published) {
  Result<Player::Options> options = parse(arguments, playlist);
  if (!options) return show("play", options.error());
  Context context;
  const std::string& name = arguments.bus.name;
  Result<std::unique_ptr<Session>> session =
      Session::on_bus(context, arguments.bus.urls, {.name = name.empty() ? "play" : name},
                      {.wait_when_full = true, .linger = std::chrono::milliseconds(-1)});
  if (!session) return show("play", session.error());
  Result<std::unique_ptr<Player>> player = Player::open(playlist, **session, std::move(*options));
  if (!player) return show("play", player.error());
  Result<Node> node = Node::open(context, "play", name, control_ops(**player));
  if (!node) return show("play", node.error());
  if (!(*session)->wait_for_listener(whole_milliseconds(arguments.wait)) && !StopSignal::wanted()) {
    warn("play", fmt::format("nobody listens at {} after {} s; playing all the same",
                             arguments.bus.urls.publish_to, arguments.wait.count()));
  }
  Status status;
  {
    // Gives the terminal back before the last frames leave: whoever gives up on those ends at once.
    Watch watch(**player, arguments.bus.quiet);
    status = node->run([&] { return (*player)->run(); }, [&](int signals) { watch.look(signals); });
  }
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
  auto options =
      std::make_unique<OptionTable>(root, "play", "Replays bags on the bus, several as one",
                                    "zbag play day.zbag --rate 10 --track 'laser/**'");
  auto a = std::make_shared<Arguments>();
  using Seconds = std::chrono::duration<double>;
  options->add_list("BAG", a->bags, option_type::any_text("BAG"), "Bags to replay, merged by _ts")
      .required();
  options->add("--rate", a->player.rate, option_type::number("R", kRateBounds),
               "Speed; 1 is real time");
  options->add_flag("--burst", a->player.burst, "As fast as the bus takes frames");
  add_selection(*options, a->selection);
  options->add("--duration", a->duration,
               option_type::or_zero(option_type::seconds<std::chrono::nanoseconds>({0.0, 1e9})),
               "Seconds of the recording to play; 0: to its end");
  options->add_list("--remap", a->player.remap, option_type::text_pair("FROM:=TO", ":=", false),
                    "Publishes a track under another name; may be repeated");
  options->add("--prefix", a->player.prefix, option_type::any_text("P"),
               "Put before every track name");
  options->add_flag("--loop", a->player.loop, "Starts over at the end, stamps going on");
  options->add("--delay", a->player.delay, option_type::seconds<Seconds>({0.0, 1e6}),
               "Seconds to wait before the first frame");
  options->add_flag("--start-paused", a->player.start_paused,
                    "Stands still until resumed (space, or zbag ctl play resume)");
  add_wait(*options, a->wait);
  add_bus_options(*options, a->bus);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
