// The groups and data sets of a file, each group once, whatever links lead to it.
//
// Soft links are followed to data sets alone; those to other files are told and not followed.
// Limits: kLinksMax of all groups together, kNameBytesMax of their names, groups kDepthMax deep.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "player/imports/hdf5/source_file.hpp"
#include "schemas/result.hpp"

namespace zbag::hdf5::reading {

struct SourceGroup {
  std::string path;               // "data/demo_0"; empty: the root
  std::size_t parent = 0;         // of the groups of the file; the root's own is the root
  std::vector<std::string> sets;  // names, in the order they were made in, or else sorted
};

// Where something of that name is in there.
inline std::string path_in(const std::string& group, const std::string& name) {
  return group.empty() ? name : group + '/' + name;
}

struct FileTree {
  static constexpr std::size_t kLinksMax = 100'000;
  static constexpr std::size_t kNameBytesMax = 64u << 20;
  static constexpr std::size_t kDepthMax = 64;

  std::vector<SourceGroup> groups;      // the root first, each before what is in it
  std::vector<std::string> passed;      // lines that say what is passed over
  std::vector<std::string> unreadable;  // and what can not be read
};

// kDamaged, kIo: a group can not be read; kUnsupported: there is more than the limits.
Result<FileTree> tree_of(const SourceFile& file);

}  // namespace zbag::hdf5::reading
