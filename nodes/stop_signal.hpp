// SIGINT, SIGTERM and SIGHUP (a terminal that closes) as something to look at: the first asks to
// stop cleanly, the second to give up. One that is ignored when the process starts (nohup) stays
// ignored.
//
// The counters are the one thing a signal handler may touch; install() is called once, by main().
#pragma once

namespace zbag {

class StopSignal {
 public:
  static void install();
  static int count();  // signals so far
  static bool wanted() { return count() > 0; }
};

}  // namespace zbag
