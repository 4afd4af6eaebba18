// zbag: one binary, verbs like git's.

#include <fmt/format.h>
#include <malloc.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

#include "nodes/command.hpp"
#include "nodes/completion.hpp"
#include "nodes/settings.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "recorder/bag/records/layout.hpp"

namespace zbag {
namespace {

int run(int argc, char** argv) {
  CLI::App root("zbag records, replays and queries robot data.", "zbag");
  root.set_version_flag("--version", fmt::format("zbag {}", kZbagVersion));
  root.require_subcommand(1);
  root.footer(
      "zbag VERB --help explains a verb. Exit codes: 0 done, 1 failed, 2 wrong usage,\n"
      "3 done but data was lost or skipped, 4 the input is damaged.\n");
  const Verbs verbs{add_broker(root),  add_pub(root),     add_tap(root),       add_topics(root),
                    add_record(root),  add_play(root),    add_info(root),      add_cat(root),
                    add_export(root),  add_import(root),  add_check(root),     add_recover(root),
                    add_compact(root), add_cut(root),     add_merge(root),     add_launch(root),
                    add_ctl(root),     add_version(root), add_completion(root)};
  for (const Verb& verb : verbs) add_settings_options(*verb.app);

  const std::vector<std::string> given(argv + 1, argv + argc);
  const bool has_verb = !given.empty() && find_verb(root, given.front()) != nullptr;
  if (!given.empty() && !has_verb && !given.front().starts_with("-")) {
    std::vector<std::string> names;
    for (const Verb& verb : verbs) names.push_back(verb.app->get_name());
    say("zbag: no verb '{}'{}; see zbag --help\n", given.front(),
        nearest_hint(given.front(), names));
    return kExitUsage;
  }
  Origins origins;
  Result<std::vector<std::string>> arguments = layered_arguments(root, given, origins);
  if (!arguments) return show(given.front(), arguments.error());
  set_origins(origins);
  int exit_code = kExitUsage;
  try {
    // CLI11 takes them from the back.
    root.parse(std::vector<std::string>(arguments->rbegin(), arguments->rend()));
    for (const Verb& verb : verbs) {
      if (verb.app->parsed()) exit_code = verb.run();
    }
  } catch (const CLI::Success& success) {
    return root.exit(success);
  } catch (const CLI::ParseError& error) {
    say("zbag{}: {}; see zbag {}--help\n", has_verb ? " " + given.front() : "",
        with_origin(error.what()), has_verb ? given.front() + " " : "");
  }
  return exit_code;
}

// What was printed must have come out: of a verb that did all it should the exit code says so. A
// reader that has seen enough (head) is no failure.
int flush_output(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  if (errno == EPIPE || exit_code != kExitDone) return exit_code;
  say("zbag: stdout: {}\n", std::strerror(errno));
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
  try {
    return zbag::flush_output(zbag::run(argc, argv));
  } catch (const std::exception& error) {
    zbag::say("zbag: {}\n", error.what());
    return zbag::kExitFailed;
  }
}
