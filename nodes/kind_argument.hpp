// KIND as somebody names it: one that zbag knows, or a file of YAML that says one.
#pragma once

#include <string>

#include "schemas/kinds/kind.hpp"
#include "schemas/result.hpp"

namespace zbag {

// What has a '/' or ends in .yaml or .yml is a file. kNotFound: there is none of that name, with
// the nearest there is; kInvalid names file, line and fault.
Result<Kind> read_kind(const std::string& name);

// "battery, compressed_image, ..."
std::string known_kinds_text();

}  // namespace zbag
