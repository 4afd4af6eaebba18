// The point that says of which kind a track is.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "schemas/kinds/kind.hpp"
#include "schemas/points/batch.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

inline constexpr std::string_view kSchemaTracks = "_sys/schema/";

// The track that says what `track` means.
inline std::string schema_track(std::string_view track) {
  return std::string(kSchemaTracks).append(track);
}

// Hands a batch of one point to `write`, and gives back what that says.
Result<WriteReport> write_one_point(const std::string& track, const Fields& fields, Timestamp stamp,
                                    const std::function<Result<WriteReport>(const Batch&)>& write);

// Hands a batch of that one point to `write`, and gives back what that says. `stamp` is one of the
// track's own, so that the point lies where the recording does.
Result<WriteReport> write_schema(const std::string& track, const Kind& kind, Timestamp stamp,
                                 const std::function<Result<WriteReport>(const Batch&)>& write);

}  // namespace zbag
