// A launch file: the nodes of a robot or a demonstration, in YAML.
//
//   variables: {bag: /tmp/demo.zbag}
//   include: [sensors.yaml]            # relative to this file; its nodes come first
//   nodes:
//     recorder:
//       command: zbag record           # the program and its first arguments: a list of words, or
//                                      # a line with quotes as for a shell (launch/shell_line.hpp)
//       arguments: [-o, "${bag}"]
//       environment: {TZ: UTC}
//       wait_for: "ready "             # the next node starts when a line begins so
//       wait_timeout: 10               # seconds
//       restart: on-failure            # never (default), on-failure, always
//       max_restarts: 3
//       restart_delay: 1.0             # seconds
//       required: true                 # its failure stops the launch
//       stops_launch: true             # its end, well or not, stops the launch; 3 is handed on
//       if: "${record}"                # left out when false, no, 0 or empty
//
// ${name} is a variable, ${env:NAME} the environment. --args name=value overrides a variable. A
// value has at most 64 KiB when they are put in; what is included is a file of at most 1 MiB.
// ${name} in a list of words is within one word.
// Errors name file and line. Reading touches the file system; nothing is started here.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

enum class Restart { kNever, kOnFailure, kAlways };

struct LaunchNode {
  std::string name;
  std::vector<std::string> command;  // program and all arguments
  std::map<std::string, std::string> environment;
  std::string wait_for;  // empty: start the next at once
  std::chrono::milliseconds wait_timeout{10'000};
  Restart restart = Restart::kNever;
  int restarts_max = 10;
  std::chrono::milliseconds restart_delay{1'000};
  bool required = false;
  bool stops_launch = false;
};

struct LaunchPlan {
  std::vector<LaunchNode> nodes;  // in the order they start
};

// The keys of a launch file and of its nodes, and what they mean: a phrase each.
using LaunchKeys = std::vector<std::pair<std::string, std::string>>;
const LaunchKeys& launch_file_keys();
const LaunchKeys& launch_node_keys();

// kNotFound: no such file; kInvalid: file, line and what is wrong with it.
Result<LaunchPlan> read_launch_file(const std::string& path,
                                    const std::map<std::string, std::string>& args);

}  // namespace zbag
