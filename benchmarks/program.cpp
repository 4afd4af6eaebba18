#include "benchmarks/program.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>

namespace zbag::bench {

Arguments begin(int argc, char** argv, const std::string& what) {
  keep_memory();
  Arguments arguments;
  arguments.folder = std::filesystem::temp_directory_path().string();
  CLI::App app(what);
  app.option_defaults()->always_capture_default()->take_last();  // compare.sh gives its own first
  app.add_option("--rounds", arguments.rounds, "interleaved rounds")->check(CLI::PositiveNumber);
  app.add_option("--scale", arguments.scale, "part of the full workloads")
      ->check(CLI::PositiveNumber);
  app.add_option("--dir", arguments.folder, "folder for the files that are measured");
  app.add_option("--only", arguments.only, "one workload")
      ->check(CLI::IsMember({"W1", "W2", "W3"}));
  app.add_option("--format", arguments.formats, "only formats of these names: zbag, 'SQLite fast'")
      ->take_all();
  app.add_option("--json", arguments.json, "write the results to this file");
  parse(app, argc, argv);
  return arguments;
}

void parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);  // 0: it was --help
  }
}

void keep_memory() {
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_ARENA_MAX, 1);
}

void stop(const std::string& why) {
  fmt::print(stderr, "{}: {}\n", program_invocation_short_name, why);
  std::exit(1);
}

}  // namespace zbag::bench
