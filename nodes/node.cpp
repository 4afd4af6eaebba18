#include "nodes/node.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "bus/file_handles.hpp"
#include "nodes/errors.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"

namespace zbag {

Result<Node> Node::open(Context& context, const std::string& verb, const std::string& given,
                        std::vector<ControlOp> ops) {
  const bool is_free = given.empty();
  ops.push_back({"node", "what kind of node this is", [verb](const Fields&) -> Result<Value> {
                   return Value(Fields{{"verb", verb}, {"pid", ::getpid()}});
                 }});
  Result<ControlServer> control =
      ControlServer::open(context, is_free ? verb : given, is_free, std::move(ops));
  if (!control) return tl::unexpected(control.error());
  return Node(std::move(*control));
}

Result<Node> Node::open_anyway(Context& context, const std::string& verb, const std::string& given,
                               std::vector<ControlOp> ops) {
  Result<Node> node = open(context, verb, given, std::move(ops));
  if (node || !given.empty() || node.error().code != ErrorCode::kIo) return node;
  warn(verb, node.error().message + "; zbag ctl can not reach this node");
  return Node(verb);
}

void Node::say_room() {
  constexpr std::size_t kPlenty = 4'096;
  const std::size_t left = free_handles();
  if (left >= kPlenty) return;
  say("file handles are left for {} peers (ulimit -n is {})\n",
      left - std::min(left, kHandlesSpare), handle_limit());
}

Status Node::run(const std::function<Status()>& work,
                 const std::function<void(int signals)>& watch) {
  const std::jthread server([this](const std::stop_token& stop) {
    while (control_ && !stop.stop_requested() && control_->poll(std::chrono::milliseconds(100))) {
    }
  });
  const std::jthread watcher([&watch](const std::stop_token& stop) {
    const std::stop_callback wake(stop, [] { StopSignal::wake(); });
    while (!stop.stop_requested()) watch(StopSignal::count());
  });
  return work();
}

Status Node::run(const std::function<Status()>& work, std::atomic<bool>& stopping) {
  return run(work, [&](int signals) {
    if (signals > 0) stopping = true;
    StopSignal::wait(std::chrono::milliseconds(200));
  });
}

}  // namespace zbag
