#include "nodes/stop_signal.hpp"

#include <atomic>
#include <csignal>

namespace zbag {
namespace {

std::atomic<int> stop_signals{0};
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int) { stop_signals.fetch_add(1); }

}  // namespace

void StopSignal::install() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(number, &action, nullptr);
  }
  // A closed pipe is an error of write(), not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
}

int StopSignal::count() { return stop_signals.load(); }

}  // namespace zbag
