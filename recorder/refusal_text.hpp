// Why a frame was refused, for whoever wrote the publisher: the track, the value, what it looks
// like, and what to send instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "schemas/frame_scan.hpp"

namespace zbag {

// One line with the reason's name in it; what strangers sent is shown printable and short.
// `more_bytes`: of the parts behind the frame.
std::string refusal_text(Refusal refusal, std::string_view topic,
                         std::span<const std::uint8_t> frame, std::size_t more_bytes = 0);

// Why the stamps of a track do not differ: they are float32, of which this is one.
std::string float32_text(std::string_view track, double stamp);

}  // namespace zbag
