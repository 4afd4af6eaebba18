// SIGBUS, which reading a file raises that somebody has cut short: says which bag and ends the
// process, where it would die without a word. What was in memory only is lost then.
//
// The message lies in memory that the handler may touch: it is made beforehand.
#pragma once

#include <string>

namespace zbag {

class BusError {
 public:
  // From now on the process says, if it comes to that, that `bag` was cut short. For one thread.
  static void watch(const std::string& bag);
};

}  // namespace zbag
