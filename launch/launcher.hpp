// Runs the nodes of a launch plan: starts them in order, prefixes their output, restarts by policy,
// stops them in reverse order.
//
// One thread, one poll loop; run() blocks until all nodes have ended. Nodes get process groups of
// their own, so that Ctrl-C reaches them through us and in order. Stopping sends SIGINT, waits up
// to `stop_timeout`, then SIGKILL. What a node leaves behind in its group is killed when it ends.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "launch/launch_file.hpp"

namespace zbag {

enum class LaunchEnd {
  kWell,
  kLossy,  // a node that stops the launch was done, but has lost something: it exited with 3
};

class Launcher {
 public:
  struct Options {
    std::vector<std::string> search;  // folders looked in before PATH
    bool coloured = false;
    std::chrono::milliseconds stop_timeout{15'000};
    std::function<bool()> stop_wanted;              // asked about every 50 ms
    std::function<void(const std::string&)> print;  // a whole line of output, prefixed
  };

  Launcher(LaunchPlan plan, Options options);
  ~Launcher();  // kills what still runs

  // kNotFound: the program of a node is not there. Starts nothing.
  Status check_programs() const;

  // Last it says of each node that has failed how it ended. kNotFound as above; kIo: a program
  // cannot be started, or a required node failed; kTimeout: one was not ready.
  Result<LaunchEnd> run();

 private:
  struct Process;
  Status start(Process& process);
  Status await_ready(Process& process);
  void pump(std::chrono::milliseconds timeout);
  void read_output(Process& process);
  void say(const Process& process, const std::string& line);
  void say_partial(Process& process);
  void reap();
  void start_due();
  void on_exit(Process& process, int status);
  void stop_all();
  bool any_alive() const;

  LaunchPlan plan_;
  Options options_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::size_t name_width_ = 0;
  bool stopping_ = false;
  bool ended_ = false;  // a node that stops the launch has ended
  LaunchEnd end_ = LaunchEnd::kWell;
  Status result_;
};

}  // namespace zbag
