// What a reader of another format hands out, one thing after another, in the order of its file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/kinds/kind.hpp"
#include "schemas/kinds/original_schema.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

class ImportSink {
 public:
  virtual ~ImportSink() = default;

  // A frame: `map` is a MessagePack map, of no trusted form, lent. One that can not be taken is
  // counted and told; an error ends the reading: nothing can be taken any more, or kClosed, it is
  // not to go on.
  virtual Status frame(std::string_view track, Timestamp stamp,
                       std::span<const std::uint8_t> map) = 0;
  // A message that is none: it is counted and told, with where it is.
  virtual void refuse(const std::string& why) = 0;
  // What is good to know of what is taken, in one line; the same line is told once.
  virtual void note(const std::string& text) = 0;
  // Data that is not taken, likewise: what came is not all that was there.
  virtual void leave_out(const std::string& text) = 0;
  // False: it is to end early. For readers that are busy for long without a frame.
  virtual bool goes_on() = 0;

  // What messages of the track are from here on; kept beside it once it has a frame.
  virtual void schema(std::string_view track, const OriginalSchema& schema) = 0;
  // Of which kind the track is, one that zbag knows (schemas/*.yaml), and of a skeleton what hangs
  // on what; kept beside it once it has a frame.
  virtual void kind(std::string_view track, std::string_view name, std::vector<Joint> joints) = 0;
  // A file that the recording holds beside its messages: kept under its name, or noted where it can
  // not be. An error ends the reading.
  virtual Status attach(std::string_view name, std::string_view content) = 0;
  // What else is said of the recording, kept with the run.
  virtual void describe(std::string_view name, Value value) = 0;
};

}  // namespace zbag
