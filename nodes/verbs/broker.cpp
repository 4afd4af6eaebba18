#include "bus/broker.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>

#include "nodes/errors.hpp"
#include "nodes/node.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"

namespace zbag {
namespace {

struct Arguments {
  BusArguments bus;
  bool insecure = false;
};

// What the control socket and the signals have to do with the thread that pumps.
struct Progress {
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> frames{0};
};

// `broker` is bound after the node has its name, and before it is asked anything.
std::vector<ControlOp> control_ops(const Result<Broker>& broker, Progress& progress) {
  return {
      {"status", "where the bus is and what it has forwarded",
       [&](const Fields&) -> Result<Value> {
         return Value(Fields{{"publish_to", broker->urls().publish_to},
                             {"subscribe_to", broker->urls().subscribe_to},
                             {"frames", progress.frames.load()}});
       }},
      {"stop", "stop as Ctrl-C does",
       [&](const Fields&) -> Result<Value> {
         progress.stopping = true;
         return Value(Fields{{"stopping", true}});
       }},
  };
}

Status pump(Broker& broker, Progress& progress) {
  while (!progress.stopping) {
    const Result<std::size_t> pumped = broker.pump(std::chrono::milliseconds(100));
    if (!pumped) return tl::unexpected(pumped.error());
    progress.frames += *pumped;
  }
  return {};
}

int run(const Arguments& arguments) {
  Context context;
  Progress progress;
  Result<Broker> broker = fail(ErrorCode::kClosed, "not bound yet");
  Result<Node> node =
      Node::open_anyway(context, "broker", arguments.bus.name, control_ops(broker, progress));
  if (!node) return show("broker", node.error());
  broker = Broker::bind(context, {.urls = arguments.bus.urls,
                                  .insecure = arguments.insecure,
                                  .name = node->name(),
                                  .warn = warner("broker")});
  if (!broker) return show("broker", broker.error());
  Node::say_room();
  say_always("ready publish-to={} subscribe-to={}\n", broker->urls().publish_to,
             broker->urls().subscribe_to);
  const Status status = node->run([&] { return pump(*broker, progress); }, progress.stopping);
  if (!status) return show("broker", status.error());
  if (!arguments.bus.quiet) say("forwarded {}\n", amount_text(progress.frames, "message"));
  return kExitDone;
}

}  // namespace

Verb add_broker(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "broker", "Runs the bus: publishers and subscribers connect to it",
      "zbag broker --publish-to 'tcp://127.0.0.1:*'");
  auto a = std::make_shared<Arguments>();
  add_bus_options(*options, a->bus);
  options->begin(OptionGroup::kBus);
  options->add_flag("--insecure", a->insecure,
                    "Allow addresses that are not loopback: anyone there can publish");
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
