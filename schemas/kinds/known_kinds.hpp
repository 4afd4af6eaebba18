// Kinds that zbag knows (schemas/*.yaml, compiled in), and kinds from files of YAML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/kinds/kind.hpp"
#include "schemas/result.hpp"

namespace YAML {
class Node;
}

namespace zbag {

// Their names, sorted.
std::vector<std::string> known_kinds();
// kNotFound: there is none of that name.
Result<Kind> known_kind(std::string_view name);

// Of a document that was read from `path`. kInvalid: "PATH:LINE: fields: ax: ...".
Result<Kind> kind_of_yaml(const YAML::Node& document, const std::string& path);

}  // namespace zbag
