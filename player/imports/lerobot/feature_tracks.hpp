// The features of a LeRobotDataset as tracks of a bag: `observation.state` is observation/state.
//
// Numbers are fields of it by their names, where each has one; else they are `value`, as they are:
// a number, a list, a text. A picture is a file of its own in `data`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "player/imports/import_sink.hpp"
#include "player/imports/lerobot/set_info.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

// Of each episode where it begins, and of the tasks in it.
inline constexpr const char* kEpisodeTrack = "episode";

class FeatureTracks {
 public:
  // `info` is lent.
  explicit FeatureTracks(const SetInfo& info);

  // The track of a feature, also of one that the set does not name. "": no track can be called so.
  const std::string& track_of(const std::string& key) { return of(key).track; }

  // A value of a frame, in MessagePack; empty: it has none. `place` is in front of what is refused.
  // The sink's errors.
  Status take(const std::string& key, Timestamp stamp, std::string_view item,
              const std::string& place, ImportSink& sink);
  // A picture as a file: JPEG, PNG...; `width` and `height`, where they are known.
  Status take_picture(const std::string& key, Timestamp stamp, std::string_view file,
                      std::optional<std::uint64_t> width, std::optional<std::uint64_t> height,
                      ImportSink& sink);

 private:
  struct Feature {
    std::string track;
    const SetFeature* said = nullptr;  // null: the set does not name it
    bool has_kind = false;
  };
  Feature& of(const std::string& key);
  std::string new_track(const std::string& key);

  std::map<std::string, Feature, std::less<>> features_;
  std::set<std::string> tracks_ = {kEpisodeTrack};
  std::string map_;
};

// The fields of a list by their names, appended as a map in MessagePack. False: it is no list of as
// many, or no number where there is one name; nothing is appended then.
bool append_by_name(std::string_view item, const std::vector<std::string>& names, std::string& out);

}  // namespace zbag
