// A YAML file as people write them: the configuration of a node, a launch file.
#pragma once

#include <string>

#include "schemas/result.hpp"

namespace YAML {
class Node;
}

namespace zbag {

// Whether it may be read: kNotFound: it is not there, or is no file (a pipe would be waited for);
// kInvalid: more than 1 MiB.
Status check_yaml_file(const std::string& path);

// The one document in it; null when it is empty. Errors as above; kInvalid, with the line: more
// than 100,000 values (aliases stand for many), no YAML, a second document, a key that is twice in
// one map: one of the two would be ignored.
Result<YAML::Node> load_yaml(const std::string& path);

}  // namespace zbag
