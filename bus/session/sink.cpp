#include "bus/session/sink.hpp"

#include <string>

#include "schemas/text_bytes.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {

Status FrameSink::describe(const TrackName& track, const TrackAbout& about) {
  const Result<TrackName> name = TrackName::parse(about_track(track.str()));
  if (!name) return tl::unexpected(name.error());
  Fields fields = written_about(about);
  fields.insert(fields.begin(), {"_ts", wall_seconds()});
  std::string frame;
  encode_fields(fields, frame);
  return write(*name, bytes_of(frame));
}

}  // namespace zbag
