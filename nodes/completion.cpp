#include "nodes/completion.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "nodes/errors.hpp"

namespace zbag {
namespace {

std::string bash_script(const CLI::App& root) {
  std::string verbs;
  std::string cases;
  for (const CLI::App* app : root.get_subcommands({})) {
    verbs += app->get_name() + " ";
    std::string options;
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) options += "--" + name + " ";
    }
    cases += fmt::format("    {}) words=\"{}\" ;;\n", app->get_name(), options);
  }
  return fmt::format(
      "# Completion of zbag for bash: source <(zbag completion bash)\n"
      "_zbag() {{\n"
      "  local word=\"${{COMP_WORDS[COMP_CWORD]}}\" words=\"\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{}\" -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n"
      "{}"
      "  esac\n"
      "  if [[ \"$word\" == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
      "  fi\n"
      "}}\n"
      "complete -o filenames -F _zbag zbag\n",
      verbs, cases);
}

}  // namespace

Verb add_completion(CLI::App& root) {
  auto options =
      std::make_unique<OptionTable>(root, "completion", "Prints a completion script for the shell",
                                    "source <(zbag completion bash)");
  options->app().add_subcommand("bash", "for bash");
  options->app().require_subcommand(1);
  return {std::move(options), [&root] {
            fmt::print("{}", bash_script(root));
            return kExitDone;
          }};
}

}  // namespace zbag
