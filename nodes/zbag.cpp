// zbag: one binary, verbs like git's.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

#include "bus/file_handles.hpp"
#include "nodes/completion.hpp"
#include "nodes/errors.hpp"
#include "nodes/nearest.hpp"
#include "nodes/settings.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/verb.hpp"
#include "recorder/bag/records/layout.hpp"

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
                          "at least 64",
                          handle_limit()));
}

// Gives the options of `verb` their values, and runs it.
int run(const Verb& verb, const KnownOptions& known) {
  OptionTable& options = *verb.options;
  const Result<Settings> settings = read_settings(options, known);
  if (!settings) return show(options.verb(), settings.error());
  if (Status status = options.take(*settings); !status) return show(options.verb(), status.error());
  set_log_level(options.log_level());
  set_colours(options.colours());
  if (const std::vector<std::string> unused = unused_variables();
      options.verb() == "record" && !unused.empty())
    warn("record", fmt::format("{} {} set and no option of zbag: not used", fmt::join(unused, ", "),
                               unused.size() == 1 ? "is" : "are"));
  if (!options.wants_print_config()) {
    if (Status status = check_handles(options); !status)
      return show(options.verb(), status.error());
    return verb.run();
  }
  print_text(settings_text(options));
  return kExitDone;
}

int run(int argc, char** argv) {
  CLI::App root("zbag records, replays and queries robot data.", "zbag");
  root.set_version_flag("--version", fmt::format("zbag {}", kZbagVersion));
  root.require_subcommand(1);
  root.footer(
      "zbag VERB --help explains a verb. Exit codes: 0 done, 1 failed, 2 wrong usage,\n"
      "3 done but data was lost or skipped, 4 the input is damaged.\n");
  Verbs verbs;
  for (const auto& add : {add_broker, add_pub, add_tap, add_topics, add_record, add_play, add_info,
                          add_cat, add_export, add_import, add_check, add_recover, add_compact,
                          add_cut, add_merge, add_launch, add_ctl, add_version, add_completion})
    verbs.push_back(add(root));
  std::vector<std::string> names;
  KnownOptions known;
  for (const Verb& verb : verbs) {
    verb.options->seal();
    names.push_back(verb.options->verb());
    known[names.back()] = verb.options->setting_names();
  }

  const std::string first = argc > 1 ? argv[1] : "";
  const bool has_verb = std::find(names.begin(), names.end(), first) != names.end();
  if (argc > 1 && !has_verb && !first.starts_with("-")) {
    say_always("zbag: no verb '{}'{}; see zbag --help\n", first, nearest_hint(first, names));
    return kExitUsage;
  }
  try {
    root.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return root.exit(success);
  } catch (const CLI::ParseError& error) {
    say_always("zbag{}: {}; see zbag {}--help\n", has_verb ? " " + first : "", error.what(),
               has_verb ? first + " " : "");
    return kExitUsage;
  }
  for (const Verb& verb : verbs) {
    if (verb.options->app().parsed()) return run(verb, known);
  }
  return kExitUsage;
}

// What was printed must have come out: of a verb that did all it should the exit code says so. A
// reader that has seen enough (head) is no failure.
int flush_output(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  if (errno == EPIPE || exit_code != kExitDone) return exit_code;
  say_always("zbag: stdout: {}\n", std::strerror(errno));
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
    zbag::say_always("zbag: {}\n", error.what());
    return zbag::kExitFailed;
  }
}
