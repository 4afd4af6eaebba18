// Bags as they are named on the command line: files, and folders that stand for the bags in them.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

struct BagPaths {
  std::vector<std::string> paths;
  // More than one was named, or a folder: what is printed as JSON is an array.
  bool is_list = false;
  std::set<std::string> of_folders;  // those of `paths` that nobody named by themselves
};

// A folder stands for every *.zbag in it and in the folders in it, where `record` puts its runs
// (runs/run_.../run.zbag), by name; not deeper. A link that leads nowhere is one of them. A bag
// that is named twice, by links too, is there once, and `warn` is told of it. kNotFound: a folder
// without bags; what is no folder is taken as it is.
Result<BagPaths> find_bags(const std::vector<std::string>& named,
                           const std::function<void(const std::string&)>& warn);

}  // namespace zbag
