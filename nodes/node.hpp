// A node that runs: its name, its control socket and its watch on signals, for every verb that goes
// on until it is stopped.
//
//   auto node = Node::open(context, "record", a.bus.name, ops);  // the name first
//   ...                                                          // then what the node works with
//   Status status = node->run([&] { return recorder.run(); }, [&](int signals) { ... });
//
// What the operations use must be there before run() and live until it returns.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bus/control.hpp"

namespace zbag {

class Node {
 public:
  // Holds the name `given`, or the verb's, or where that is taken verb-2, verb-3... kBusy names who
  // has a given one: the node has done nothing yet.
  static Result<Node> open(Context& context, const std::string& verb, const std::string& given,
                           std::vector<ControlOp> ops);
  // The same for a node that does its work without a control socket, too: where there can be none,
  // and no name was given, that is a warning.
  static Result<Node> open_anyway(Context& context, const std::string& verb,
                                  const std::string& given, std::vector<ControlOp> ops);
  const std::string& name() const { return name_; }
  // Says for how many peers there are file handles, where that is not plenty.
  static void say_room();

  // Does `work` on this thread. Meanwhile one answers on the control socket and one calls `watch`
  // over and over with the number of stop signals so far; watch() itself waits, some 200 ms at
  // most, by StopSignal::wait() so that it ends in time. Both have ended when this returns, watch()
  // first.
  Status run(const std::function<Status()>& work, const std::function<void(int signals)>& watch);
  // The same where all that a stop signal does is to set `stopping`, at which the work looks.
  Status run(const std::function<Status()>& work, std::atomic<bool>& stopping);

 private:
  explicit Node(ControlServer control) : name_(control.name()), control_(std::move(control)) {}
  explicit Node(std::string name) : name_(std::move(name)) {}

  std::string name_;
  std::optional<ControlServer> control_;
};

}  // namespace zbag
