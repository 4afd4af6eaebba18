// Bags opened as one recording, as the verbs that read several do it.
#pragma once

#include <string>

#include "nodes/bag_paths.hpp"
#include "recorder/bag/read/playlist.hpp"

namespace zbag {

// What was named must open. A bag of a folder that can not be opened is shown and left out while
// there are others; `exit_code` becomes the worst of itself and what that comes to.
Result<Playlist> open_bags(const std::string& verb, const BagPaths& bags, int& exit_code);

// Whether what has the name `path` is one of these bags: nothing that is written takes its place.
bool is_one_of(const std::string& path, const Playlist& bags);

}  // namespace zbag
