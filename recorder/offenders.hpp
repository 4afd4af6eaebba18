// Who sends what is refused: the worst of them, and what is said of it while it comes.
//
// Bounded whatever comes: kOffendersMax names, each shortened; of every reason the first few
// offenders are said in a sentence, and of all others together a line when they are 1, 10, 100
// frames and so on (1: that one's sentence). Not thread-safe.
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
    std::string name;         // printable
    std::uint64_t count = 0;  // at least about as many, where names came and went
    Refusal last = Refusal::kNotAMap;
    std::uint32_t told = 0;  // a bit per reason
  };
  using Tell = std::function<void(const std::string&)>;

  // Notes a refused frame of `topic`. `sentence` is asked for only when it is told.
  void note(Refusal refusal, std::string_view topic, const std::function<std::string()>& sentence,
            const Tell& tell);
  // Those with the most refused frames, worst first.
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
