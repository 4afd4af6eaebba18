// SIGINT, SIGTERM and SIGHUP (a terminal that closes) as something to look at: the first asks to
// stop cleanly, the second to give up. One that is ignored when the process starts (nohup) stays
// ignored.
//
// The counters are the one thing a signal handler may touch; install() is called once, by main().
#pragma once

#include <chrono>

namespace zbag {

class StopSignal {
 public:
  static void install();
  static int count();  // signals so far
  static bool wanted() { return count() > 0; }
  // Waits for a signal, or for wake(), `timeout` at most: who looks on needs no short sleeps. For
  // one thread.
  static void wait(std::chrono::milliseconds timeout);
  static void wake();
};

}  // namespace zbag
