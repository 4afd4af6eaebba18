// Who sends what is refused: the worst of them, and what is said of it while it comes.
//
// Bounded whatever comes: kOffendersMax names, each shortened. One that is new then takes the place
// of the one with the fewest, and its count, so that whoever sends more than a share of all that is
// refused is in the table: a count is that of the name and up to `inherited` of others.
//
// Of every reason the first few offenders are said in a sentence, and of all others together a line
// when they are 1, 10, 100 frames and so on (1: that one's sentence). Messages of one part have no
// name: they are one offender's.
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/frame_scan.hpp"

namespace zbag {

inline constexpr std::size_t kOffendersMax = 64;

class Offenders {
 public:
  struct Offender {
    std::string name;  // printable
    std::uint64_t count = 0;
    std::uint64_t inherited = 0;  // of `count`, what may be of names before it
    Refusal last = Refusal::kNotAMap;
    std::uint32_t told = 0;                                    // a bit per reason
    std::uint64_t least() const { return count - inherited; }  // that were certainly its own
  };
  using Tell = std::function<void(const std::string&)>;

  // Notes a refused frame of `topic`. `sentence` is asked for only when it is told.
  void note(Refusal refusal, std::string_view topic, const std::function<std::string()>& sentence,
            const Tell& tell);
  // Those with the most refused frames that were certainly theirs, worst first.
  std::vector<Offender> worst(std::size_t count) const;

 private:
  Offender& offender(std::string_view topic);

  struct Reason {
    std::uint32_t told = 0;    // offenders
    std::uint64_t others = 0;  // frames of those that were not
    std::uint64_t tell_at = 1;
  };
  std::vector<Offender> offenders_;
  std::array<Reason, kRefusalCount> reasons_{};
};

}  // namespace zbag
