#include "player/exports/hdf5/dataset_names.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "player/columns/unused_name.hpp"
#include "schemas/split_text.hpp"

namespace zbag::hdf5 {
namespace {

// As a link can be called: `/` parts names of links, NUL ends them, and "." is the group itself.
std::string linkable(const std::string& column) {
  std::string name;
  for (const char letter : column) {
    if (letter == '\0') {
      name += "\\x00";
    } else {
      name += letter == '/' ? '.' : letter;
    }
  }
  const bool is_dots = name.find_first_not_of('.') == std::string::npos;  // or nothing
  return is_dots ? "_" + name : name;
}

}  // namespace

DatasetNames::DatasetNames(const std::vector<std::string>& tracks) {
  for (const std::string& track : tracks) {
    Group* group = &run_;
    for (const std::string& segment : split_at(track, '/')) group = &group->below[segment];
    group->is_track = true;
  }
  name_below(run_);
}

void DatasetNames::name_below(Group& group) {
  std::set<std::string> used;
  const auto is_own = [&](const std::string& segment) {
    return group.is_track && (segment == kSecondsColumn || segment == kKeyColumn);
  };
  for (auto& [segment, below] : group.below) {
    if (!is_own(segment)) below.name = unused_name(segment, used);
  }
  for (auto& [segment, below] : group.below) {
    if (is_own(segment)) below.name = unused_name(segment + "_", used);
    name_below(below);
  }
}

std::vector<std::string> DatasetNames::groups_of(const std::string& track) const {
  std::vector<std::string> names;
  const Group* group = &run_;
  for (const std::string& segment : split_at(track, '/')) {
    group = &group->below.at(segment);
    names.push_back(group->name);
  }
  return names;
}

std::vector<ColumnName> DatasetNames::columns_of(const std::string& track,
                                                 const std::vector<std::string>& columns) const {
  const Group* group = &run_;
  for (const std::string& segment : split_at(track, '/')) group = &group->below.at(segment);
  std::set<std::string> used{kSecondsColumn, kKeyColumn};
  for (const auto& [segment, below] : group->below) used.insert(below.name);
  std::vector<ColumnName> names(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (linkable(columns[i]) == columns[i] && used.insert(columns[i]).second)
      names[i].name = columns[i];
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (names[i].name.empty()) names[i].name = unused_name(linkable(columns[i]), used);
  }
  for (ColumnName& name : names) name.valid = unused_name(name.name + ".valid", used);
  return names;
}

}  // namespace zbag::hdf5
