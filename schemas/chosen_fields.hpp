// Fields that are chosen by dotted names: "cam.pos.x" is `x` of the map `pos` of the map `cam`, and
// "cam" all that is in `cam`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/map_bytes.hpp"

namespace zbag {

// Whether `names` choose the field of that dotted name, or a map that it is in. None choose all.
bool is_chosen_field(const std::vector<std::string>& names, std::string_view dotted);

// Appends, as a map, what `names` choose of `map`, nested as it is there. REQUIRES: it was
// validated.
void append_chosen(MapBytes map, const std::vector<std::string>& names, std::string& out);

// The value of the first field of that dotted name; nullopt: there is none. Allocates nothing.
// REQUIRES: the map was validated.
std::optional<std::span<const std::uint8_t>> value_of_field(MapBytes map, std::string_view dotted);

}  // namespace zbag
