// What every benchmark program begins with: its options, malloc set up, a way to give up.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace zbag::bench {

struct Arguments {
  int rounds = 7;
  double scale = 1.0;  // of the full workloads
  std::string folder;  // for files while they are measured; empty: the temporary folder
  std::string only;    // the workload to run, "W1"; empty: all
  std::vector<std::string> formats;  // the formats to compare, by name; empty: all
  std::string json;                  // where results go as JSON; empty: nowhere

  bool wants(std::string_view workload) const { return only.empty() || only == workload; }
  bool wants_format(const std::string& name) const {
    return formats.empty() || std::ranges::find(formats, name) != formats.end();
  }
  std::size_t scaled(std::size_t frames) const {
    return static_cast<std::size_t>(static_cast<double>(frames) * scale);
  }
};

// Sets malloc up and reads the options; `what` heads --help. Ends the program with status 2 at an
// option it does not know.
Arguments begin(int argc, char** argv, const std::string& what);

// Reads options of a program's own. Ends it in the same way.
void parse(CLI::App& app, int argc, char** argv);

// As the zbag command sets it: memory once had is kept.
void keep_memory();

// Says why on stderr and ends the program with status 1.
[[noreturn]] void stop(const std::string& why);

}  // namespace zbag::bench
