#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <set>

#include "bus/tap.hpp"
#include "nodes/errors.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "recorder/losses.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

struct Arguments {
  BusArguments bus;
  std::vector<std::string> patterns;
  bool watch = false;
  bool json = false;
  std::chrono::duration<double> duration{2.0};
};

using SteadyTime = std::chrono::steady_clock::time_point;

struct Topic {
  std::uint32_t id = 0;
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  std::uint64_t anonymous = 0;  // frames without _src
  std::set<std::uint64_t> publishers;
  SteadyTime last;
};

class TopicTable {
 public:
  void add(const TapFrame& frame) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(frame.bytes.data()),
                          frame.bytes.size());
    if (frame.track == "_sys/session") {
      static_cast<void>(ledger_.announce(bytes));  // what is none says nothing
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
    topic.publishers.insert(*outcome.scan.src);
    if (!outcome.scan.seq) return;
    LossLedger::Stream* const stream =
        ledger_.stream(*outcome.scan.src, topic.id, frame.track, *outcome.scan.seq);
    if (stream != nullptr) static_cast<void>(ledger_.note(*stream, *outcome.scan.seq, bytes));
  }

  std::vector<std::string> lines(double seconds) const {
    std::vector<std::string> lines{fmt::format("{}  {:>9}  {:>10}  {:>10}  {:>6}  {:>6}",
                                               fit("track", 32), "rate", "bandwidth", "publishers",
                                               "lost", "age")};
    for (const auto& [name, topic] : topics_) {
      lines.push_back(fmt::format(
          "{}  {:>6.1f} Hz  {:>8}/s  {:>10}  {:>6}  {:>4.1f} s", fit(name, 32),
          rate(topic, seconds),
          bytes_text(static_cast<std::uint64_t>(static_cast<double>(topic.bytes) / seconds)),
          publishers(topic), lost(topic), age(topic)));
    }
    if (topics_.empty()) lines.emplace_back("(nothing heard)");
    return lines;
  }

  std::string json(double seconds) const {
    std::string out = "[";
    for (const auto& [name, topic] : topics_) {
      if (out.size() > 1) out += ',';
      const Fields fields{
          {"name", name},
          {"rate_hz", rate(topic, seconds)},
          {"bytes_per_s", static_cast<double>(topic.bytes) / seconds},
          {"frames", topic.frames},
          {"publishers", topic.publishers.size() + (topic.anonymous > 0 ? 1 : 0)},
          {"lost", ledger_.of_track(topic.id) ? Value(ledger_.of_track(topic.id)->lost) : Value()},
          {"age_s", age(topic)}};
      write_json(Value(fields), out);
    }
    return out + "]\n";
  }

 private:
  static double rate(const Topic& topic, double seconds) {
    return static_cast<double>(topic.frames) / seconds;
  }
  static double age(const Topic& topic) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - topic.last).count();
  }
  static std::string publishers(const Topic& topic) {
    return fmt::format("{}{}", topic.publishers.size(), topic.anonymous > 0 ? "+?" : "");
  }
  std::string lost(const Topic& topic) const {
    const auto loss = ledger_.of_track(topic.id);
    return loss ? std::to_string(loss->lost) : "?";
  }

  std::map<std::string, Topic> topics_;
  LossLedger ledger_;
};

int run(const Arguments& arguments) {
  std::vector<std::string> patterns = arguments.patterns;
  if (patterns.empty()) patterns.emplace_back("**");
  patterns.emplace_back("_sys/session");
  const Result<TrackFilter> filter = TrackFilter::parse(patterns);
  if (!filter) return show("topics", filter.error());
  Context context;
  Result<Tap> tap = Tap::open(context, arguments.bus.urls.subscribe_to, *filter, {});
  if (!tap) return show("topics", tap.error());
  TopicTable table;
  LiveScreen screen;
  const auto start = std::chrono::steady_clock::now();
  auto drawn = start;
  const auto seconds = [&] {
    return std::max(
        0.001, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  };
  while (!StopSignal::wanted() && (arguments.watch || seconds() < arguments.duration.count())) {
    if (const std::optional<TapFrame> frame = tap->next(std::chrono::milliseconds(50)))
      table.add(*frame);
    const auto now = std::chrono::steady_clock::now();
    if (arguments.watch && now - drawn > std::chrono::milliseconds(500)) {
      drawn = now;
      screen.draw(table.lines(seconds()));
    }
  }
  if (arguments.json) {
    print("{}", table.json(seconds()));
  } else if (!arguments.watch) {
    for (const std::string& line : table.lines(seconds())) print("{}\n", line);
  }
  return kExitDone;
}

}  // namespace

Verb add_topics(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "topics", "Lists the tracks seen on the bus, with rates and losses",
      "zbag topics --watch");
  auto a = std::make_shared<Arguments>();
  options->add_list("PATTERN", a->patterns, option_type::track_pattern(),
                    "Tracks to list: * is one segment, ** any number [all]");
  options->add_flag("--watch", a->watch, "Refreshes in place until stopped");
  options->add_flag("--json", a->json, "Prints JSON at the end");
  options->add("--duration", a->duration,
               option_type::seconds<std::chrono::duration<double>>({0.001, 1e9}),
               "Seconds to listen");
  add_bus_options(*options, a->bus);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
