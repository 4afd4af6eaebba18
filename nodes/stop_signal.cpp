#include "nodes/stop_signal.hpp"

#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace zbag {
namespace {

std::atomic<int> stop_signals{0};
static_assert(std::atomic<int>::is_always_lock_free);

// Posted for every signal: the one thing beside the counter that a handler may touch (sem_post(3)).
sem_t* awake() {
  static sem_t* const kAwake = [] {
    static sem_t made;
    sem_init(&made, 0, 0);
    return &made;
  }();
  return kAwake;
}

void on_signal(int) {
  const int before = errno;
  stop_signals.fetch_add(1);
  StopSignal::wake();
  errno = before;
}

}  // namespace

void StopSignal::install() {
  awake();  // made before a handler may ask for it
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(number, &action, nullptr);
  }
  // A closed pipe, or a file that may not grow, is an error of write(), not the end of the process.
  for (const int number : {SIGPIPE, SIGXFSZ}) std::signal(number, SIG_IGN);
}

int StopSignal::count() { return stop_signals.load(); }

void StopSignal::wait(std::chrono::milliseconds timeout) {
  timespec until{};
  clock_gettime(CLOCK_MONOTONIC, &until);
  const std::int64_t ns = until.tv_nsec + std::chrono::nanoseconds(timeout).count();
  until.tv_sec += ns / 1'000'000'000;
  until.tv_nsec = ns % 1'000'000'000;
  while (sem_clockwait(awake(), CLOCK_MONOTONIC, &until) != 0 && errno == EINTR) continue;
}

void StopSignal::wake() { sem_post(awake()); }

}  // namespace zbag
