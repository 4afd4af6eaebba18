// What hangs on what in a BVH file: its HIERARCHY (interop.md 7.1), word by word.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/kinds/kind.hpp"
#include "schemas/result.hpp"

namespace zbag {

class BvhHierarchy {
 public:
  // Takes the next word of the file. False: it is MOTION, and all is there. kInvalid says what it
  // should be; kUnsupported: more joints than a kind has.
  Result<bool> take(std::string_view word);

  // In the order of the file. Names are unlike each other: of words with `_` between them, and
  // where there was one already with the joint's number behind it.
  const std::vector<Joint>& joints() const { return joints_; }
  // Numbers of a frame.
  std::size_t values() const { return values_; }
  // Whether a joint is not called what it was.
  bool has_new_names() const { return has_new_names_; }

 private:
  enum class Wanted : std::uint8_t {
    kHierarchy,
    kJoint,     // of a block, or its end
    kSite,      // behind End
    kName,      // up to a brace
    kSiteName,  // likewise, and left out
    kOffset,    // three numbers
    kCount,     // of channels
    kChannels,  // so many
  };
  static constexpr std::size_t kSite = SIZE_MAX;  // in the path: no joint, but an end of one

  Status take_keyword(const std::string& large, std::string_view word);
  Status begin_joint(std::string_view word);
  Status take_name(std::string_view word);
  Status take_offset(std::string_view word);
  Status take_count(std::string_view word);
  Status take_channel(std::string_view word);

  Wanted wanted_ = Wanted::kHierarchy;
  std::vector<Joint> joints_;
  std::vector<std::size_t> path_;  // open blocks
  std::string name_;
  std::array<double, 3> offset_{};
  std::size_t taken_ = 0;  // numbers of the offset, or channels
  std::size_t count_ = 0;
  std::size_t values_ = 0;
  bool has_new_names_ = false;
};

}  // namespace zbag
