// Which format of export the name of an output tells.
#pragma once

#include <string>
#include <string_view>

namespace zbag {

// By its end, ".csv" or ".h5"; "": it tells none, as that of a folder.
std::string format_by_name(std::string_view out);

}  // namespace zbag
