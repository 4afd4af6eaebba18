#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "launch/launcher.hpp"
#include "launch/shell_line.hpp"
#include "nodes/errors.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/verb.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::string file;
  std::vector<std::pair<std::string, std::string>> args;
  bool dry_run = false;
  bool list = false;
};

// As a shell would take it.
std::string command_text(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quoted(word);
  return text;
}

HelpSection section_of(const std::string& title, const LaunchKeys& keys) {
  HelpSection section{title, {}};
  for (const auto& [key, meaning] : keys) section.entries.push_back({key, meaning});
  return section;
}

Launcher::Options launcher_options() {
  Launcher::Options options;
  // Programs beside this one first, so that an uninstalled zbag starts its own nodes.
  std::error_code error;
  options.search.push_back(
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string());
  options.coloured = is_coloured(STDOUT_FILENO);
  options.stop_wanted = [] { return StopSignal::wanted(); };
  options.print = [](const std::string& line) {
    print_coloured_text(line + "\n");
    std::fflush(stdout);
  };
  return options;
}

int run(const Arguments& arguments) {
  std::map<std::string, std::string> args;
  for (const auto& [name, value] : arguments.args) args[name] = value;
  Result<LaunchPlan> plan = read_launch_file(arguments.file, args);
  if (!plan) return show("launch", plan.error());
  if (arguments.list) {
    for (const LaunchNode& node : plan->nodes) print("{}\n", node.name);
    return kExitDone;
  }
  Launcher launcher(*plan, launcher_options());
  if (arguments.dry_run) {
    if (Status status = launcher.check_programs(); !status) return show("launch", status.error());
    for (const LaunchNode& node : plan->nodes)
      print("{}: {}\n", node.name, command_text(node.command));
    return kExitDone;
  }
  const Result<LaunchEnd> end = launcher.run();
  if (!end) return show("launch", end.error());
  return *end == LaunchEnd::kLossy ? kExitLossy : kExitDone;
}

}  // namespace

Verb add_launch(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "launch", "Starts the nodes of a file and stops them in reverse order",
      "zbag launch launch/demo.yaml --args seconds=5");
  auto a = std::make_shared<Arguments>();
  options->add("FILE", a->file, option_type::any_text("FILE"), "Launch file (YAML)").required();
  options->add_list("--args", a->args, option_type::text_pair("NAME=VALUE", "=", true),
                    "Sets a variable of the file; may be repeated");
  options->add_flag("--dry-run", a->dry_run, "Prints what would be started");
  options->add_flag("--list", a->list, "Prints the names of the nodes");
  options->explain(section_of("Keys of a launch file", launch_file_keys()));
  options->explain(section_of("Keys of a node", launch_node_keys()));
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
