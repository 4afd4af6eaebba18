#include "nodes/help.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "nodes/errors.hpp"
#include "nodes/help_text.hpp"
#include "nodes/terminal.hpp"
#include "nodes/terminal_size.hpp"
#include "nodes/usage_hint.hpp"

namespace zbag {
namespace {

constexpr std::pair<OptionGroup, const char*> kTitles[] = {
    {OptionGroup::kOwn, "Options"},
    {OptionGroup::kSelection, "Selection"},
    {OptionGroup::kOutput, "Output"},
    {OptionGroup::kFrames, "Frames"},
    {OptionGroup::kStorage, "Storage and durability"},
    {OptionGroup::kBus, "Bus"},
    {OptionGroup::kEveryVerb, "Every verb"},
};

std::string with_metavar(const std::string& name, const std::string& metavar) {
  return metavar.empty() ? name : name + " " + metavar;
}

// "-o, --output BAG", "--track PATTERN ...", "BAG ..."
std::string entry_name(const Option& option) {
  std::string name = option.shown_name();
  if (!option.short_name.empty()) name = option.short_name + ", " + name;
  if (!option.is_positional) name = with_metavar(name, option.metavar);
  return option.is_list ? name + " ..." : name;
}

// The help with the default behind it, but of a flag, which is off.
std::string entry_text(const Option& option) {
  const bool has_default = !option.fallback.empty() && !option.is_required;
  return has_default ? fmt::format("{} [{}]", option.help, option.fallback) : option.help;
}

std::string usage_of(const OptionTable& options) {
  std::string usage = "zbag " + options.verb();
  std::string rest;
  for (const Option& option : options.options()) {
    if (option.is_positional) {
      const std::string name = option.name + (option.is_list ? "..." : "");
      usage += option.is_required ? fmt::format(" {}", name) : fmt::format(" [{}]", name);
    } else if (option.is_required) {
      const std::string& name = option.short_name;
      rest += fmt::format(" {}",
                          with_metavar(name.empty() ? option.shown_name() : name, option.metavar));
    }
  }
  return usage + rest + " [OPTIONS]";
}

HelpPage page_of(const OptionTable& options) {
  HelpPage page{.purpose = options.purpose() + ".",
                .usage = usage_of(options),
                .sections = {{"Arguments", {}}},
                .example = options.example()};
  for (const Option& option : options.options()) {
    if (option.is_positional)
      page.sections.front().entries.push_back({entry_name(option), entry_text(option)});
  }
  for (const auto& [group, title] : kTitles) {
    HelpSection& section = page.sections.emplace_back(HelpSection{title, {}});
    for (const Option& option : options.options()) {
      if (option.group == group && !option.is_positional)
        section.entries.push_back({entry_name(option), entry_text(option)});
    }
  }
  for (const OptionTable::Fixed& fixed : OptionTable::fixed_options()) {
    const std::string name = fixed.name == "--help" ? "-h, --help" : fixed.name;
    page.sections.back().entries.push_back({with_metavar(name, fixed.metavar), fixed.help});
  }
  for (const HelpSection& section : options.sections()) page.sections.push_back(section);
  return page;
}

std::size_t help_columns() {
  return std::clamp<std::size_t>(size_of_terminal(STDOUT_FILENO).value_or(TerminalSize{}).columns,
                                 40, 100);
}

}  // namespace

void print_help(const Verb& verb) { print_text(help_text(page_of(*verb.options), help_columns())); }

void print_help(const Verbs& verbs) {
  HelpPage page{.purpose = "zbag records, replays and queries robot data.",
                .usage = "zbag VERB [OPTIONS]",
                .sections = {},
                .example = "zbag help record"};
  for (const Verb& verb : verbs) {
    if (page.sections.empty() || page.sections.back().title != verb.group)
      page.sections.push_back({verb.group, {}});
    page.sections.back().entries.push_back({verb.options->verb(), verb.options->purpose()});
  }
  page.sections.push_back({"Exit codes",
                           {{"0", "Done"},
                            {"1", "Failed"},
                            {"2", "Wrong usage"},
                            {"3", "Done, but data was lost or skipped, or nothing was selected"},
                            {"4", "The input is damaged"}}});
  page.sections.push_back(
      {"Options", {{"-h, --help", "Shows this help"}, {"--version", "Prints the version"}}});
  print_text(help_text(page, help_columns()));
}

Verb add_help(CLI::App& root, const Verbs& verbs) {
  auto options = std::make_unique<OptionTable>(root, "help", "Explains a verb, or lists them all",
                                               "zbag help record");
  auto asked = std::make_shared<std::string>();
  options->add("VERB", *asked, option_type::any_text("VERB"), "The same as zbag VERB --help");
  return {std::move(options), [asked, &verbs] {
            if (asked->empty()) {
              print_help(verbs);
              return kExitDone;
            }
            const Verb* const found = find_verb(verbs, *asked);
            if (found == nullptr) {
              say_always("zbag help: {}\n", verb_fault({*asked}, verb_names(verbs)));
              return kExitUsage;
            }
            print_help(*found);
            return kExitDone;
          }};
}

}  // namespace zbag
