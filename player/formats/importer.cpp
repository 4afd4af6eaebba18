#include "player/formats/importer.hpp"

#include <fmt/format.h>

#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

Status append(Session& session, const NeutralFrame& frame) {
  Result<Track> track = session.track(frame.track);
  if (!track) return tl::unexpected(track.error());
  // As the recorder does, a foreign field that begins with `_` is kept.
  std::string map;
  encode_fields(frame.fields, map);
  return track->append_map(bytes_of(map), frame.stamp);
}

}  // namespace

void Importer::refuse(const std::string& why) {
  // Nobody reads thousands of lines that say the same.
  constexpr std::uint64_t kToldMax = 20;
  if (++counts_.refused <= kToldMax) options_.warn(why);
  if (counts_.refused == kToldMax) options_.warn("further lines are refused without a word each");
}

void Importer::note_ignored(const NeutralReader& reader, const std::string& member) {
  if (member.empty() || warned_of_ == reader.path()) return;
  warned_of_ = reader.path();
  options_.warn(
      fmt::format("{}:{}: \"{}\" stands beside \"fields\", where nothing of a frame does: such "
                  "members are left out; put them into \"fields\"",
                  reader.path(), reader.line(), printable(member)));
}

Status Importer::add(NeutralReader& reader) {
  while (options_.goes_on()) {
    Result<std::optional<NeutralFrame>> frame = reader.next();
    if (!frame && frame.error().code == ErrorCode::kInvalid) {
      refuse(frame.error().message);
      continue;
    }
    if (!frame) return tl::unexpected(frame.error());
    if (!*frame) return {};
    Status status = append(session_, **frame);
    if (!status && status.error().code == ErrorCode::kInvalid) {
      refuse(fmt::format("{}:{}: {}", reader.path(), reader.line(), status.error().message));
      continue;
    }
    if (!status) return status;
    ++counts_.frames;
    note_ignored(reader, (*frame)->ignored);
  }
  return {};
}

}  // namespace zbag
