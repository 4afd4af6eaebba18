// What groups and datasets of a file are called: decided for all tracks before anything is written.
//
//   DatasetNames names(source.track_names());
//   names.groups_of("robot/arm");                    // {"robot", "arm"}
//   names.columns_of("robot", {"arm", "a/b", "."});  // {"arm_", "a.b", "_."}, and their .valid
//
// A group holds the columns of its track and the groups of tracks below it. Its own columns `_ts`
// and `_ts_ns` have their names first, then groups, then columns whose name is as it is, then the
// others, then what tells which rows have a value; who finds its name taken gets a `_` more.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace zbag::hdf5 {

inline constexpr const char* kSecondsColumn = "_ts";
inline constexpr const char* kKeyColumn = "_ts_ns";

struct ColumnName {
  std::string name;
  std::string valid;  // of the dataset that says which rows have a value
};

class DatasetNames {
 public:
  explicit DatasetNames(const std::vector<std::string>& tracks);

  // From that of the run down. REQUIRES: it is one of the tracks.
  std::vector<std::string> groups_of(const std::string& track) const;
  // In the order of `columns`, each of which is another and UTF-8. REQUIRES: as groups_of().
  std::vector<ColumnName> columns_of(const std::string& track,
                                     const std::vector<std::string>& columns) const;

 private:
  struct Group {
    std::string name;
    bool is_track = false;
    std::map<std::string, Group> below;  // by segment
  };
  static void name_below(Group& group);

  Group run_;
};

}  // namespace zbag::hdf5
