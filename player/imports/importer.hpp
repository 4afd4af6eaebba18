// Reads recordings of other formats and appends their frames to a session, such as one over a new
// bag.
//
// A frame the session refuses, and a message that is none, is counted, told and passed over; every
// other error ends the file. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bus/session/session.hpp"
#include "player/imports/format_reader.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

class Importer : private ImportSink {
 public:
  struct Options {
    std::function<bool()> goes_on;  // asked before every frame; false ends the file early
    std::function<void(const std::string&)> warn;
    std::function<void(const std::string&)> note;
    std::optional<TrackFilter> tracks = {};  // those that are taken; nullopt: all
    // Where attachments and what is said of the recording go; without them they are noted as left
    // out.
    std::function<Status(std::string_view name, std::string_view content)> attach = {};
    std::function<void(std::string_view name, Value value)> describe = {};
  };
  struct Counts {
    std::uint64_t frames = 0;
    std::uint64_t refused = 0;
    std::uint64_t left_out = 0;  // lines that said of something else that it was
    std::uint64_t about = 0;     // points beside these that say what tracks are
  };

  // REQUIRES: session outlives this; goes_on, warn and note are set.
  Importer(Session& session, Options options) : session_(session), options_(std::move(options)) {}

  // A recording, all of it, or until it is to go on no more. Errors as FormatReader::read(), and
  // the session's.
  Status add(FormatReader& reader);

  // Of all files, also of one that ended with an error.
  const Counts& counts() const { return counts_; }
  // That had a frame, taken or not.
  std::vector<std::string> tracks() const;

 private:
  Status frame(std::string_view track, Timestamp stamp, std::span<const std::uint8_t> map) override;
  void refuse(const std::string& why) override;
  void note(const std::string& text) override;
  void leave_out(const std::string& text) override;
  bool goes_on() override { return options_.goes_on(); }
  void schema(std::string_view track, const OriginalSchema& schema) override;
  void kind(std::string_view track, std::string_view name, std::vector<Joint> joints) override;
  Status attach(std::string_view name, std::string_view content) override;
  void describe(std::string_view name, Value value) override;

  bool is_new(const std::string& text);
  // Null: the track is not taken.
  Result<Track*> track_of(std::string_view name);
  Status append(std::string_view track, Timestamp stamp, std::span<const std::uint8_t> map);
  Status append_about(std::string_view track, Timestamp stamp);

  Session& session_;
  const Options options_;
  Counts counts_;
  const FormatReader* reader_ = nullptr;
  std::map<std::string, std::optional<Track>, std::less<>> tracks_;  // met so far; null: not taken
  // What points about a track are to say, by their track.
  using About = std::map<std::string, Fields, std::less<>>;
  std::map<std::string, About, std::less<>> waiting_;  // of tracks without a frame yet
  About kept_;                                         // what the bag says
  std::set<std::string> told_;
};

}  // namespace zbag
