#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <set>

#include "bus/tap.hpp"
#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/loss_text.hpp"
#include "nodes/node.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"
#include "nodes/terminal_size.hpp"
#include "nodes/track_table.hpp"
#include "nodes/unheard.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "recorder/intake.hpp"
#include "recorder/losses.hpp"
#include "schemas/json_text.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

struct Arguments {
  BusArguments bus;
  std::vector<std::string> patterns;
  SelectionArguments selection;
  bool watch = false;
  bool json = false;
  std::optional<std::chrono::duration<double>> duration;
};

using SteadyTime = std::chrono::steady_clock::time_point;
using Seconds = std::chrono::duration<double>;

constexpr Seconds kDurationOnce{2.0};
constexpr Seconds kWindow{2.0};  // of the rates of --watch
constexpr std::size_t kPublishersMax = 100'000;

struct Topic {
  std::uint32_t id = 0;
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  std::uint64_t anonymous = 0;  // frames without _src
  std::set<std::uint64_t> publishers;
  SteadyTime last;
  // What it had been at a time, over the window.
  struct Mark {
    SteadyTime at;
    std::uint64_t frames;
    std::uint64_t bytes;
  };
  std::deque<Mark> marks;
};

// What stands of a track in the table, and in JSON.
struct TopicColumn {
  const char* title;
  const char* json;
  int worth;
};
constexpr std::array<TopicColumn, 5> kColumns = {{{"rate", "rate_hz", 4},
                                                  {"bandwidth", "bytes_per_s", 2},
                                                  {"publishers", "publishers", 0},
                                                  {"lost", "lost", 3},
                                                  {"age", "age_s", 1}}};

OptionType<std::string> column_title() {
  option_type::Words<std::string> titles;
  for (const TopicColumn& column : kColumns) titles.emplace_back(column.title, column.title);
  return option_type::one_of<std::string>("COLUMN", std::move(titles));
}

class TopicTable {
 public:
  // Shows these columns, all when there are none, and so many tracks at most, of 0 all.
  TopicTable(const std::vector<std::string>& columns, std::uint64_t limit) : limit_(limit) {
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      const bool is_shown = columns.empty() || std::find(columns.begin(), columns.end(),
                                                         kColumns[i].title) != columns.end();
      if (is_shown) shown_.push_back(i);
    }
  }

  bool is_empty() const { return topics_.empty(); }
  std::uint64_t others() const { return others_; }  // frames of topics beyond kTracksMax
  void add(const TapFrame& frame) {
    const std::span<const std::uint8_t> bytes = bytes_of(frame.bytes);
    if (frame.track == "_sys/session") {
      static_cast<void>(ledger_.announce(bytes));  // what is none says nothing
      return;
    }
    if (topics_.size() >= kTracksMax && !topics_.contains(frame.track)) {
      ++others_;
      return;
    }
    const auto [it, is_new] = topics_.try_emplace(frame.track);
    Topic& topic = it->second;
    if (is_new) topic.id = static_cast<std::uint32_t>(topics_.size());
    ++topic.frames;
    topic.bytes += frame.bytes.size();
    topic.last = std::chrono::steady_clock::now();
    const ScanOutcome outcome = scan_frame(bytes, kItemsMax);
    if (outcome.refusal || !outcome.scan.src) {
      ++topic.anonymous;
      return;
    }
    if (publishers_ < kPublishersMax)
      publishers_ += topic.publishers.insert(*outcome.scan.src).second ? 1 : 0;
    if (!outcome.scan.seq) return;
    LossLedger::Stream* const stream =
        ledger_.stream(*outcome.scan.src, topic.id, frame.track, *outcome.scan.seq);
    if (stream != nullptr) static_cast<void>(ledger_.note(*stream, *outcome.scan.seq, bytes));
  }

  // From now on rates are those of the last seconds, not of all the time.
  void move_window() {
    const SteadyTime now = std::chrono::steady_clock::now();
    for (auto& [name, topic] : topics_) {
      while (topic.marks.size() > 1 && now - topic.marks[1].at >= kWindow) topic.marks.pop_front();
      topic.marks.push_back({now, topic.frames, topic.bytes});
    }
  }

  TrackTable table(double seconds) const {
    std::vector<TrackColumn> columns;
    for (const std::size_t i : shown_) columns.push_back({kColumns[i].title, kColumns[i].worth});
    TrackTable table(std::move(columns));
    for (const auto& [name, topic] : topics_) {
      if (table.size() == shown_tracks()) break;
      const auto [hertz, bytes] = rates(topic, seconds);
      const auto loss = ledger_.of_track(topic.id);
      const std::array<TrackCell, kColumns.size()> all = {
          {{fmt::format("{:.1f} Hz", hertz), hertz},
           {bytes_text(static_cast<std::uint64_t>(bytes)) + "/s", bytes},
           {publishers(topic), static_cast<double>(topic.publishers.size())},
           lost_cell(loss ? std::optional(loss->lost) : std::nullopt),
           {fmt::format("{:.1f} s", age(topic)), age(topic)}}};
      std::vector<TrackCell> cells;
      for (const std::size_t i : shown_) cells.push_back(all[i]);
      table.add(name, std::move(cells));
    }
    return table;
  }
  // Of tracks that the limit leaves out; nullopt: of none.
  std::optional<Line> rest() const {
    const std::size_t left_out = topics_.size() - shown_tracks();
    if (left_out == 0) return std::nullopt;
    return Line{{"and " + amount_text(left_out, "more track"), Tone::kFaint}};
  }

  std::string json(double seconds) const {
    Array tracks;
    for (const auto& [name, topic] : topics_) {
      if (tracks.size() == shown_tracks()) break;
      const auto [hertz, bytes] = rates(topic, seconds);
      const auto loss = ledger_.of_track(topic.id);
      const std::array<Value, kColumns.size()> all = {
          hertz, bytes, topic.publishers.size() + (topic.anonymous > 0 ? 1 : 0),
          loss ? Value(loss->lost) : Value(), age(topic)};
      Fields fields{{"name", name}};
      if (shown_.size() == kColumns.size()) fields.emplace_back("frames", topic.frames);
      for (const std::size_t i : shown_) fields.emplace_back(kColumns[i].json, all[i]);
      tracks.emplace_back(std::move(fields));
    }
    std::string out;
    write_json(Value(std::move(tracks)), out);
    return out + '\n';
  }

 private:
  std::size_t shown_tracks() const {
    return limit_ == 0 ? topics_.size() : std::min<std::size_t>(limit_, topics_.size());
  }
  // Frames and bytes a second: of the window where there is one, else of all `seconds`.
  static std::pair<double, double> rates(const Topic& topic, double seconds) {
    Topic::Mark before{};
    if (topic.marks.size() > 1) {
      before = topic.marks.front();
      seconds = Seconds(std::chrono::steady_clock::now() - before.at).count();
    }
    return {static_cast<double>(topic.frames - before.frames) / seconds,
            static_cast<double>(topic.bytes - before.bytes) / seconds};
  }
  static double age(const Topic& topic) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - topic.last).count();
  }
  static std::string publishers(const Topic& topic) {
    return fmt::format("{}{}", topic.publishers.size(), topic.anonymous > 0 ? "+?" : "");
  }

  std::vector<std::size_t> shown_;  // of kColumns
  const std::uint64_t limit_;
  std::map<std::string, Topic> topics_;
  std::uint64_t others_ = 0;
  std::size_t publishers_ = 0;  // of all topics
  LossLedger ledger_;
};

// What the control socket and the signals have to do with the thread that listens.
struct Progress {
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> frames{0};
};

std::vector<ControlOp> control_ops(Progress& progress) {
  const auto status = [&progress]() -> Value {
    return Fields{{"frames", progress.frames.load()}, {"stopping", progress.stopping.load()}};
  };
  return {{"status", "what has been heard",
           [status](const Fields&) -> Result<Value> { return status(); }},
          {"stop", "stop as Ctrl-C does", [status, &progress](const Fields&) -> Result<Value> {
             progress.stopping = true;
             return status();
           }}};
}

// The table, drawn twice a second and as keys have it.
class Screen {
 public:
  // False: the user has seen enough.
  bool look(TopicTable& topics, double seconds) {
    while (const std::optional<Key> key = keys_.read(std::chrono::milliseconds(0))) {
      if (*key == Key::kQuit) return false;
      shown_.on_key(*key);
    }
    shown_.follow_size();
    const auto now = std::chrono::steady_clock::now();
    if (now - drawn_ < std::chrono::milliseconds(500)) return true;
    drawn_ = now;
    topics.move_window();
    std::vector<Line> head;
    if (topics.is_empty()) head.push_back({{"(nothing heard)"}});
    if (std::optional<Line> rest = topics.rest()) head.push_back(std::move(*rest));
    shown_.draw(std::move(head), topics.table(seconds), "q ends");
    return true;
  }

 private:
  LiveTable shown_;
  KeyReader keys_;
  SteadyTime drawn_;
};

// Listens for the duration, with --watch until stopped where there is none; gives back how long, in
// seconds.
double listen(const Arguments& arguments, Tap& tap, TopicTable& table, Progress& progress) {
  std::optional<Screen> screen;
  if (arguments.watch) screen.emplace();
  const auto start = std::chrono::steady_clock::now();
  auto looked = start;
  const auto seconds = [&] {
    return std::max(
        0.001, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  };
  const double limit = arguments.duration.value_or(kDurationOnce).count();
  const bool has_limit = !arguments.watch || arguments.duration;
  while (!progress.stopping && (!has_limit || seconds() < limit)) {
    if (const std::optional<TapFrame> frame = tap.next(std::chrono::milliseconds(50))) {
      table.add(*frame);
      ++progress.frames;
    }
    tell_broker_news("topics", tap, arguments.bus.urls);
    const auto now = std::chrono::steady_clock::now();
    if (screen && now - looked > std::chrono::milliseconds(50)) {
      looked = now;
      if (!screen->look(table, seconds())) break;
    }
  }
  return seconds();
}

int run(const Arguments& arguments) {
  const std::vector<std::string> asked = asked_tracks(arguments.patterns, arguments.selection);
  const Result<TrackFilter> filter = heard_tracks(asked, arguments.selection, {"_sys/session"});
  if (!filter) return show("topics", filter.error());
  Context context;
  Progress progress;
  Result<Node> node =
      Node::open_anyway(context, "topics", arguments.bus.name, control_ops(progress));
  if (!node) return show("topics", node.error());
  Result<Tap> tap = Tap::open(context, arguments.bus.urls.subscribe_to, *filter, {});
  if (!tap) return show("topics", tap.error());
  TopicTable table(arguments.selection.columns, arguments.selection.limit);
  double seconds = 0.0;
  const Status status = node->run(
      [&]() -> Status {
        seconds = listen(arguments, *tap, table, progress);
        return {};
      },
      progress.stopping);
  if (!status) return show("topics", status.error());
  if (arguments.json) {
    print("{}", table.json(seconds));
  } else if (!arguments.watch) {
    const std::optional<TerminalSize> size = size_of_terminal(STDOUT_FILENO);
    for (const Line& line :
         table.table(seconds).lines(size ? std::optional(size->columns) : std::nullopt))
      print_line(line);
    if (table.is_empty()) print("(nothing heard)\n");
  }
  if (const std::optional<Line> rest = table.rest(); rest && !arguments.watch) say_line(*rest);
  const std::optional<std::string> passed_over = one_part_text(*tap);
  if (passed_over) warn("topics", *passed_over);
  if (table.others() > 0)
    warn("topics", fmt::format("{} of further topics came: at most {} are told apart",
                               amount_text(table.others(), "frame"), count_text(kTracksMax)));
  if (table.is_empty() && !arguments.watch && !asked.empty())
    return show_unheard("topics", context, arguments.bus.urls, asked, progress.stopping);
  if (table.is_empty() && !passed_over && !arguments.bus.quiet)
    warn("topics", nothing_heard(arguments.bus.urls));
  return kExitDone;
}

}  // namespace

Verb add_topics(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "topics", "Lists the tracks seen on the bus, with rates and losses",
      "zbag topics --watch");
  auto a = std::make_shared<Arguments>();
  add_heard_tracks(*options, a->patterns, a->selection);
  options->begin(OptionGroup::kSelection);
  options
      ->add_list("--columns,--fields", a->selection.columns, column_title(),
                 "Only these of the table: rate, bandwidth, publishers, lost, age")
      .comma_separated();
  options->add("--limit", a->selection.limit, option_type::count<std::uint64_t>("N", {0, 1e18}),
               "Shows so many tracks at most, the first by name; 0: all");
  options->begin(OptionGroup::kOwn);
  options->add_flag("--watch", a->watch, "Refreshes in place until stopped");
  options->add_flag("--json", a->json, "Prints JSON at the end");
  options->add("--duration", a->duration, option_type::seconds<Seconds>({0.001, 1e9}),
               "Seconds to listen [2; with --watch until stopped]");
  add_bus_options(*options, a->bus);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
