#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <filesystem>

#include "launch/launcher.hpp"
#include "nodes/command.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::string file;
  std::vector<std::string> args;
  bool dry_run = false;
  bool list = false;
};

int run(const Arguments& arguments) {
  std::map<std::string, std::string> args;
  for (const std::string& text : arguments.args) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
      return show("launch",
                  {ErrorCode::kInvalid, fmt::format("--args {}: write name=value", text)});
    args[text.substr(0, equals)] = text.substr(equals + 1);
  }
  Result<LaunchPlan> plan = read_launch_file(arguments.file, args);
  if (!plan) return show("launch", plan.error());
  if (arguments.list || arguments.dry_run) {
    for (const LaunchNode& node : plan->nodes) {
      fmt::print("{}{}\n", node.name,
                 arguments.list ? "" : ": " + fmt::format("{}", fmt::join(node.command, " ")));
    }
    return kExitDone;
  }
  Launcher::Options options;
  // Programs beside this one first, so that an uninstalled zbag starts its own nodes.
  std::error_code error;
  options.search.push_back(
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string());
  options.coloured = is_terminal(STDOUT_FILENO);
  options.stop_wanted = [] { return StopSignal::wanted(); };
  options.print = [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  Launcher launcher(std::move(*plan), std::move(options));
  if (Status status = launcher.run(); !status) return show("launch", status.error());
  return kExitDone;
}

}  // namespace

Verb add_launch(CLI::App& root) {
  CLI::App* const app =
      add_subcommand(root, "launch", "Starts the nodes of a file and stops them in reverse order",
                     "zbag launch launch/demo.yaml --args seconds=5");
  auto a = std::make_shared<Arguments>();
  app->add_option("FILE", a->file, "Launch file (YAML)")->required()->capture_default_str();
  app->add_option("--args", a->args, "Sets a variable of the file; may be repeated")
      ->type_name("NAME=VALUE");
  app->add_flag("--dry-run", a->dry_run, "Prints what would be started");
  app->add_flag("--list", a->list, "Prints the names of the nodes");
  return {app, [a] { return run(*a); }};
}

}  // namespace zbag
