#include "bus/tap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <utility>

#include "nodes/errors.hpp"
#include "nodes/node.hpp"
#include "nodes/number_text.hpp"
#include "nodes/print_point.hpp"
#include "nodes/terminal.hpp"
#include "nodes/unheard.hpp"
#include "nodes/unseen_columns.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "recorder/refusal_text.hpp"
#include "schemas/frame.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

struct Arguments {
  BusArguments bus;
  std::vector<std::string> patterns;
  SelectionArguments selection;
  std::optional<std::chrono::duration<double>> timeout;
  PointStyle style;
};

// The frame's own stamp, or when it came.
Timestamp stamp_of(const TapFrame& frame, const FrameScan& scan) {
  return scan.stamp_kind == StampKind::kGiven ? scan.stamp : Timestamp::from_ns(frame.arrival_ns);
}

// What the control socket and the signals have to do with the thread that prints.
struct Progress {
  std::atomic<bool> stopping{false};
  std::atomic<bool> timed_out{false};
  std::atomic<std::uint64_t> printed{0};
  std::atomic<std::uint64_t> malformed{0};
  bool is_told = false;  // that nothing comes; of the printing thread
};

Value status_of(const Progress& progress) {
  return Fields{{"printed", progress.printed.load()},
                {"malformed", progress.malformed.load()},
                {"stopping", progress.stopping.load()}};
}

std::vector<ControlOp> control_ops(Progress& progress) {
  return {{"status", "what has been shown",
           [&](const Fields&) -> Result<Value> { return status_of(progress); }},
          {"stop", "stop as Ctrl-C does", [&](const Fields&) -> Result<Value> {
             progress.stopping = true;
             return status_of(progress);
           }}};
}

// What was refused: told once a track and reason, as the recorder does, and counted.
class Refused {
 public:
  void note(Refusal refusal, const std::string& track, std::span<const std::uint8_t> frame) {
    constexpr std::size_t kToldMax = 20;
    if (told_.size() < kToldMax && told_.emplace(track, refusal).second)
      warn("tap", refusal_text(refusal, track, frame));
  }

 private:
  std::set<std::pair<std::string, Refusal>> told_;
};

// Prints until stopped, or there is enough, or nothing comes any more. False: stdout takes no more.
bool print_frames(const Arguments& arguments, Tap& tap, PointPrinter& printer, Progress& progress,
                  UnseenColumns& unseen) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  auto heard = start;
  Refused refused;
  const SelectionArguments& chosen = arguments.selection;
  const auto goes_on = [&] {
    const bool is_over = chosen.duration && Clock::now() - start >= *chosen.duration;
    return !is_over && (chosen.limit == 0 || progress.printed < chosen.limit);
  };
  while (!progress.stopping && goes_on()) {
    const std::optional<TapFrame> frame = tap.next(std::chrono::milliseconds(50));
    const auto now = Clock::now();
    tell_broker_news("tap", tap, arguments.bus.urls);
    if (!frame) {
      if (!printer.flush()) return false;
      progress.timed_out = arguments.timeout && now - heard > *arguments.timeout;
      if (progress.timed_out) break;
      const bool is_silent = progress.printed == 0 && now - heard > std::chrono::seconds(2);
      if (is_silent && !arguments.bus.quiet && !std::exchange(progress.is_told, true))
        warn("tap", one_part_text(tap).value_or(nothing_heard(arguments.bus.urls)));
      continue;
    }
    heard = now;
    const std::span<const std::uint8_t> bytes = bytes_of(frame->bytes);
    const ScanOutcome outcome = scan_frame(bytes, kItemsMax);
    if (outcome.refusal) {
      ++progress.malformed;
      refused.note(*outcome.refusal, frame->track, bytes);
      continue;
    }
    unseen.note(bytes);
    if (!printer.print(frame->track, stamp_of(*frame, outcome.scan), bytes)) return false;
    ++progress.printed;
  }
  return printer.flush();
}

// What is left to say, and the exit code.
int end_of(const Arguments& arguments, const Tap& tap, const Progress& progress,
           const UnseenColumns& unseen, Context& context) {
  int exit_code = kExitDone;
  if (progress.malformed > 0) {
    warn("tap", fmt::format("did not show {}", amount_text(progress.malformed, "malformed frame")));
    exit_code = kExitLossy;
  }
  const std::optional<std::string> passed_over = one_part_text(tap);
  if (passed_over) warn("tap", *passed_over);
  if (tap.skipped() > 0) {
    warn("tap", fmt::format("skipped {}: they came faster than they could be shown",
                            amount_text(tap.skipped(), "frame")));
    exit_code = kExitLossy;
  }
  if (progress.printed > 0 && !unseen.text().empty()) {
    say_line_always({{"zbag tap: ", Tone::kBad}, {unseen.text()}});
    return kExitLossy;
  }
  const std::vector<std::string> asked = asked_tracks(arguments.patterns, arguments.selection);
  const bool is_silent = progress.printed == 0 && progress.malformed == 0;
  if (is_silent && !asked.empty())
    return show_unheard("tap", context, arguments.bus.urls, asked, progress.stopping);
  if (progress.timed_out && !progress.stopping &&
      progress.printed < std::max<std::uint64_t>(1, arguments.selection.limit))
    return show("tap", {ErrorCode::kTimeout,
                        fmt::format("{} in {} s", amount_text(progress.printed, "frame"),
                                    arguments.timeout->count())});
  const bool is_told = progress.is_told || passed_over;
  if (is_silent && !progress.stopping && !arguments.bus.quiet && !is_told)
    warn("tap", nothing_heard(arguments.bus.urls));
  return exit_code;
}

int run(const Arguments& arguments) {
  const std::vector<std::string> asked = asked_tracks(arguments.patterns, arguments.selection);
  const Result<TrackFilter> filter = heard_tracks(asked, arguments.selection);
  if (!filter) return show("tap", filter.error());
  if (const Status status = check_style(arguments.style); !status)
    return show("tap", status.error());
  Context context;
  Progress progress;
  Result<Node> node = Node::open_anyway(context, "tap", arguments.bus.name, control_ops(progress));
  if (!node) return show("tap", node.error());
  Result<Tap> tap = Tap::open(context, arguments.bus.urls.subscribe_to, *filter, {});
  if (!tap) return show("tap", tap.error());
  if (!arguments.bus.quiet) say_always("ready subscribe-to={}\n", arguments.bus.urls.subscribe_to);

  PointPrinter printer(arguments.style, arguments.selection.columns);
  UnseenColumns unseen(arguments.selection.columns);
  bool is_open = true;
  const Status status = node->run(
      [&]() -> Status {
        is_open = print_frames(arguments, *tap, printer, progress, unseen);
        return {};
      },
      progress.stopping);
  if (!status) return show("tap", status.error());
  if (!is_open) return printer.exit_code("tap");
  return end_of(arguments, *tap, progress, unseen, context);
}

}  // namespace

Verb add_tap(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(root, "tap",
                                               "Prints frames as they pass, never slowing the bus",
                                               "zbag tap 'laser/**' -n 10");
  auto a = std::make_shared<Arguments>();
  add_heard_tracks(*options, a->patterns, a->selection);
  options->add("-n,--limit,--count", a->selection.limit,
               option_type::count<std::uint64_t>("N", {0, 1e18}),
               "Stops after so many frames; 0: never");
  options->add("--duration", a->selection.duration,
               option_type::or_zero(option_type::seconds<std::chrono::nanoseconds>({0.0, 1e9})),
               "Seconds to listen; 0: until stopped");
  options->add(
      "--timeout", a->timeout,
      option_type::or_zero(option_type::seconds<std::chrono::duration<double>>({0.0, 1e9})),
      "Stops when nothing came for so many seconds; 0: never");
  add_columns(*options, a->selection.columns);
  options->begin(OptionGroup::kOutput);
  add_point_style(*options, a->style);
  add_bus_options(*options, a->bus);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
