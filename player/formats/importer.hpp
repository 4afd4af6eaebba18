// Reads recordings of other formats and appends their frames to a session, such as one over a new
// bag.
//
// A frame the session refuses, and a line that is none, is counted, told and passed over; every
// other error ends the file. What a line has beside a frame is told once a file. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bus/session/session.hpp"
#include "player/formats/neutral_file.hpp"

namespace zbag {

class Importer {
 public:
  struct Options {
    std::function<bool()> goes_on;  // asked before every frame; false ends the file early
    std::function<void(const std::string&)> warn;
  };
  struct Counts {
    std::uint64_t frames = 0;
    std::uint64_t refused = 0;
  };

  // REQUIRES: session outlives this; both functions of `options` are set.
  Importer(Session& session, Options options) : session_(session), options_(std::move(options)) {}

  // A recording, from where it is read to on. Errors as NeutralReader, and the session's.
  Status add(NeutralReader& reader);

  // Of all files, also of one that ended with an error.
  const Counts& counts() const { return counts_; }

 private:
  void refuse(const std::string& why);
  void note_ignored(const NeutralReader& reader, const std::string& member);

  Session& session_;
  const Options options_;
  Counts counts_;
  std::string warned_of_;  // a file with members that are none of a frame
};

}  // namespace zbag
