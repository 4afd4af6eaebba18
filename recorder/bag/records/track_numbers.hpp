// Which numbers tracks have, by the records read so far: one number is of one track (FORMAT.md),
// since all that has it would be read as points of either. Not thread-safe.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "recorder/bag/records/layout.hpp"
#include "schemas/result.hpp"

namespace zbag {

class TrackNumbers {
 public:
  // kDamaged: another track has the number, which goes first.
  Status take(std::uint32_t id, std::string_view name) {
    const auto [known, is_new] = names_.try_emplace(id, name);
    if (is_new) return {};
    return fail(ErrorCode::kDamaged,
                fmt::format("{}: it has the number {}, which is that of {}",
                            record_place(kTracksTable, name), id, known->second));
  }

 private:
  std::map<std::uint32_t, std::string> names_;
};

}  // namespace zbag
