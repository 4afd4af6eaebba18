// Losses as people read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nodes/fit_text.hpp"
#include "nodes/track_table.hpp"
#include "schemas/points/loss.hpp"

namespace zbag {

inline constexpr std::size_t kWorstShown = 5;

// nullopt: nobody numbers the frames.
TrackCell lost_cell(const std::optional<std::uint64_t>& lost);

// A line for each publisher and track of which frames are missing, the worst first; beyond
// `shown_max` of them one that says how many more there are and how to see them.
std::vector<Line> loss_lines(std::vector<LossRecord> losses, std::size_t shown_max,
                             const std::string& bag);

}  // namespace zbag
