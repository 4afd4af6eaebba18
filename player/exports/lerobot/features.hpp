// What the tracks of a bag become in a LeRobot data set.
//
//   pictures                           observation.images.TRACK, a video each
//   kind step                          action: its action.*; next.reward, next.done; the others are
//                                      observation.state
//   a track .../action, .../cmd, ...   action, if no track is of the kind step
//   all other numbers                  observation.state
//
// All are float32: a field of whole numbers that are more than 2^24 from 0 (stamps in nanoseconds)
// is left out.
// What becomes of each track, and what has no place in such a set, is in the remarks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "player/exports/export_source.hpp"

namespace zbag {

// A number of a row that is aligned: in the map of its track.
struct FeatureNumber {
  std::string track;
  FieldNames names;
  std::optional<std::size_t> element;  // of a list
};

struct Feature {
  std::string key;
  bool is_flag = false;
  std::vector<std::string> names;  // of its numbers
  std::vector<FeatureNumber> numbers;
};

struct CameraFeature {
  std::string key;
  std::string track;
};

struct FeaturePlan {
  std::vector<Feature> features;  // that have numbers
  std::vector<CameraFeature> cameras;
  std::vector<std::string> tracks;  // that are part of it
  std::string clock;                // the track whose points become frames
  std::vector<Remark> remarks;      // for who exports

  // `clock`: "" is the first camera, without one the track with most points. Tracks that are no
  // part are left out of the source. kUnsupported: there is nothing to write. REQUIRES: the source
  // has lists of numbers as columns, and its rows are not aligned.
  static Result<FeaturePlan> of(ExportSource& source, const std::string& clock);
};

}  // namespace zbag
