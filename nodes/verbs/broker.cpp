#include "bus/broker.hpp"

#include <fmt/format.h>

#include "nodes/errors.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"

namespace zbag {
namespace {

struct Arguments {
  BusArguments bus;
  bool insecure = false;
};

int run(const Arguments& arguments) {
  Context context;
  Result<Broker> broker = Broker::bind(
      context, {.urls = arguments.bus.urls, .insecure = arguments.insecure, .name = "broker"});
  if (!broker) return show("broker", broker.error());
  say_always("ready publish-to={} subscribe-to={}\n", broker->urls().publish_to,
             broker->urls().subscribe_to);
  while (!StopSignal::wanted()) {
    const Result<std::size_t> pumped = broker->pump(std::chrono::milliseconds(100));
    if (!pumped) return show("broker", pumped.error());
  }
  return kExitDone;
}

}  // namespace

Verb add_broker(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "broker", "Runs the middle of the bus: publishers and subscribers connect to it",
      "zbag broker --publish-to 'tcp://127.0.0.1:*'");
  auto a = std::make_shared<Arguments>();
  add_bus_options(*options, a->bus);
  options->add_flag("--insecure", a->insecure,
                    "Allow addresses that are not loopback: anyone there can publish");
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
