// What to write in place of a column as other tools have it.
#pragma once

#include <string>

namespace zbag {

// Of "position[0]" and "pose.*": "; position takes the whole list, ..."; else nothing.
std::string column_hint(const std::string& name);

}  // namespace zbag
