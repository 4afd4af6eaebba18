// What an export has to say beside its points.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace zbag {

struct Remark {
  enum class Kind : std::uint8_t {
    kNotice,   // something is written otherwise than it is called or lies, as the format wants it
    kWarning,  // of loss, or of what somebody should act on
  };
  Kind kind;
  std::string what;   // one line, the same of all that are alike
  std::string which;  // the one of them that it is about, printable; empty: `what` says all
};
using TakeRemark = std::function<void(const Remark&)>;

// Makes one of those that are alike, however many tracks they are about. Holds some examples of
// each. Not thread-safe.
class AlikeRemarks {
 public:
  void add(const Remark& remark);
  // Without a `which` each: "WHAT: a, b, c and 21 more". In the order in which the first of each
  // was added, which are forgotten.
  std::vector<Remark> take();

 private:
  struct Alike {
    Remark::Kind kind;
    std::string what;
    std::vector<std::string> examples;  // the first
    std::uint64_t more = 0;
  };
  std::vector<Alike> alike_;
};

}  // namespace zbag
