// zbag: one binary, verbs like git's.

#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <utility>

#include "bus/file_handles.hpp"
#include "nodes/completion.hpp"
#include "nodes/errors.hpp"
#include "nodes/help.hpp"
#include "nodes/settings.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usage_hint.hpp"
#include "nodes/verb.hpp"
#include "recorder/bag/records/layout.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// Whoever goes on the bus needs sockets from its first moment on; libzmq aborts without.
Status check_handles(const OptionTable& options) {
  const bool is_on_bus =
      options.verb() == "ctl" ||
      std::any_of(options.options().begin(), options.options().end(),
                  [](const Option& option) { return option.name == "publish-to"; });
  if (!is_on_bus || free_handles() >= kHandlesOfNode) return {};
  return fail(ErrorCode::kIo,
              fmt::format("ulimit -n is {}, which leaves no room for the sockets of the bus: allow "
                          "at least 256",
                          handle_limit()));
}

std::vector<std::string> variables_of(const Verbs& verbs) {
  std::vector<std::string> variables;
  for (const Verb& verb : verbs) {
    for (const Option& option : verb.options->options())
      variables.insert(variables.end(), option.variables.begin(), option.variables.end());
  }
  return variables;
}

// Gives the options of `verb` their values, and runs it.
int run(const Verb& verb, const Verbs& verbs) {
  KnownOptions known;
  for (const Verb& one : verbs) known[one.options->verb()] = one.options->setting_names();
  OptionTable& options = *verb.options;
  const Result<Settings> settings = read_settings(options, known);
  if (!settings) return show(options.verb(), settings.error());
  if (Status status = options.take(*settings); !status) return show(options.verb(), status.error());
  set_log_level(options.log_level());
  set_colours(options.colours());
  for (const std::string& text : unused_variables(options.verb(), variables_of(verbs)))
    warn(options.verb(), text);
  if (!options.wants_print_config()) {
    if (Status status = check_handles(options); !status)
      return show(options.verb(), status.error());
    return verb.run();
  }
  print_text(settings_text(options));
  return kExitDone;
}

// Every verb there is, in the order and under the headings of zbag --help.
void add_verbs(CLI::App& root, Verbs& verbs) {
  using Add = Verb (*)(CLI::App&);
  const std::vector<std::pair<const char*, std::vector<Add>>> groups = {
      {"On the bus", {add_broker, add_pub, add_tap, add_topics}},
      {"Record and replay", {add_record, add_play}},
      {"Bags",
       {add_info, add_cat, add_sql, add_export, add_import, add_check, add_recover, add_compact,
        add_cut, add_merge, add_diff, add_schema, add_analyze, add_plot}},
      {"System", {add_launch, add_ctl, add_timings, add_completion, add_version}}};
  for (const auto& [group, adds] : groups) {
    for (const Add add : adds) {
      verbs.push_back(add(root));
      verbs.back().group = group;
    }
  }
  verbs.push_back(add_help(root, verbs));
  verbs.back().group = groups.back().first;
  for (const Verb& verb : verbs) verb.options->seal();
}

// `analyze A.zbag B.zbag trends`: a bag stands where the function does.
bool is_of_several_bags(const OptionTable& options) {
  return std::ranges::any_of(options.options(), [](const Option& one) {
    return one.name == "FUNCTION" && one.parsed->count() > 0 &&
           one.parsed->results().front().ends_with(".zbag");
  });
}

// What is wrong with the words behind a verb: the option that is none before all else, since what
// stands behind it may have been meant as its value.
std::string usage_fault(const OptionTable& options, const std::vector<std::string>& behind_dashes,
                        const CLI::ParseError& error) {
  if (!behind_dashes.empty())
    return fmt::format("{} stands behind --, where nothing is read: leave the -- out",
                       printable(behind_dashes.front()));
  const std::vector<std::string> unknown = options.unknown_words();
  std::vector<std::string> known;
  for (const std::string& name : options.setting_names()) known.push_back("--" + name);
  for (const OptionTable::Fixed& fixed : OptionTable::fixed_options()) known.push_back(fixed.name);
  const auto option = std::find_if(unknown.begin(), unknown.end(), [](const std::string& word) {
    return word.size() > 1 && word.front() == '-';
  });
  if (option != unknown.end()) return option_fault(*option, known, options.verb());
  if (!unknown.empty() && is_of_several_bags(options))
    return fmt::format("'{}' is one argument too many; several bags: a folder of them",
                       printable(unknown.front()));
  if (!unknown.empty()) {
    const auto track = std::ranges::find(options.options(), "track", &Option::name);
    return argument_fault(unknown.front(), known,
                          track == options.options().end() ? "" : track->metavar);
  }
  std::string text = error.what();  // "--track: 1 required PATTERN missing"
  const bool lacks_value = dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr;
  if (!lacks_value) return text;
  const bool has_several = text.find("received") != std::string::npos;  // "At Most 1 required but"
  return text.substr(0, text.find(':')) +
         (has_several ? " takes one value and has several" : " needs a value");
}

int refuse(const std::string& who, const std::string& why) {
  say_line_always({{who + ": ", Tone::kBad}, {why}});
  return kExitUsage;
}

int run(int argc, char** argv) {
  CLI::App root("", "zbag");
  root.require_subcommand(0, 1);  // a second verb is an argument: zbag help record
  root.set_version_flag("--version", fmt::format("zbag {}", kZbagVersion));
  Verbs verbs;
  add_verbs(root, verbs);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) {
    return refuse("zbag", "name a verb; zbag help lists them");
  }
  if (is_completion_request(words)) return print_completions(verbs, words);
  const Verb* const verb = find_verb(verbs, words.front());
  if (verb == nullptr && !words.front().starts_with("-"))
    return refuse("zbag", verb_fault(words, verb_names(verbs)));
  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    verb == nullptr ? print_help(verbs) : print_help(*verb);
    return kExitDone;
  } catch (const CLI::Success& success) {
    return root.exit(success);
  } catch (const CLI::ParseError& error) {
    if (verb != nullptr) {
      const std::string name = "zbag " + verb->options->verb();
      return refuse(name, fmt::format("{}; see {} --help",
                                      usage_fault(*verb->options, root.remaining(), error), name));
    }
  }
  if (verb != nullptr) return run(*verb, verbs);
  return refuse("zbag", option_fault(words.front(), {"--help", "--version"}) +
                            "; options stand behind the verb: zbag VERB [OPTIONS]");
}

// What was printed must have come out: of a verb that did all it should the exit code says so. A
// reader that has seen enough (head) is no failure.
int flush_output(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  if (errno == EPIPE || exit_code != kExitDone) return exit_code;
  say_line_always({{"zbag: ", Tone::kBad}, {fmt::format("stdout: {}", std::strerror(errno))}});
  return kExitFailed;
}

}  // namespace
}  // namespace zbag

int main(int argc, char** argv) {
  // Chunks and images are allocated and freed all the time; handing them back to the kernel each
  // time costs a page fault per 4 KiB (measured: performance.md). One arena, since those of threads
  // consist of 64 MiB pieces that go back whenever one is empty.
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_ARENA_MAX, 1);
  zbag::StopSignal::install();
  zbag::raise_handle_limit();
  try {
    return zbag::flush_output(zbag::run(argc, argv));
  } catch (const std::exception& error) {
    zbag::say_line_always({{"zbag: ", zbag::Tone::kBad}, {error.what()}});
    return zbag::kExitFailed;
  }
}
