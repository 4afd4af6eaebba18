#include "player/imports/importer.hpp"

#include <fmt/format.h>

#include "schemas/kinds/known_kinds.hpp"
#include "schemas/kinds/original_schema.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

Status Importer::add(FormatReader& reader) {
  reader_ = &reader;
  const Status status = reader.read(*this);
  reader_ = nullptr;
  waiting_.clear();
  const bool is_stopped = !status && status.error().code == ErrorCode::kClosed && !goes_on();
  return is_stopped ? Status() : status;
}

std::vector<std::string> Importer::tracks() const {
  std::vector<std::string> names;
  for (const auto& [name, track] : tracks_) names.push_back(name);
  return names;
}

Result<Track*> Importer::track_of(std::string_view name) {
  auto known = tracks_.find(name);
  if (known == tracks_.end()) {
    std::optional<Track> taken;
    const std::string_view subject = subject_of(name);
    if (!options_.tracks || options_.tracks->matches(name) ||
        (!subject.empty() && options_.tracks->matches(subject))) {
      Result<Track> track = session_.track(name);
      if (!track) return tl::unexpected(track.error());
      taken = *track;
    }
    known = tracks_.emplace(name, taken).first;
  }
  return known->second ? &*known->second : nullptr;
}

Status Importer::append(std::string_view track, Timestamp stamp,
                        std::span<const std::uint8_t> map) {
  Result<Track> handle = session_.track(track);
  if (!handle) return tl::unexpected(handle.error());
  return handle->append_map(map, stamp);
}

// Where the recording lies.
Status Importer::append_about(std::string_view track, Timestamp stamp) {
  const auto waiting = waiting_.find(track);
  if (waiting == waiting_.end()) return {};
  for (auto& [about, fields] : waiting->second) {
    const auto kept = kept_.find(about);
    if (kept != kept_.end() && kept->second == fields) continue;
    std::string map;
    encode_fields(fields, map);
    Status status = append(about, stamp, bytes_of(map));
    if (!status && status.error().code != ErrorCode::kInvalid) return status;
    if (status) {
      ++counts_.about;
    } else {
      leave_out(fmt::format("track {}: what its messages are is not kept: {}", printable(track),
                            status.error().message));
    }
    kept_.insert_or_assign(about, std::move(fields));
  }
  waiting_.erase(waiting);
  return {};
}

Status Importer::frame(std::string_view track, Timestamp stamp, std::span<const std::uint8_t> map) {
  if (!goes_on()) return fail(ErrorCode::kClosed, "stopped");
  const Result<Track*> taken = track_of(track);
  if (taken && *taken == nullptr) return {};
  // As the recorder does, a foreign field that begins with `_` is kept.
  const Status status = taken ? (*taken)->append_map(map, stamp) : tl::unexpected(taken.error());
  if (!status && status.error().code == ErrorCode::kInvalid) {
    refuse(fmt::format("{}: {}", reader_->place(), status.error().message));
    return {};
  }
  if (!status) return status;
  ++counts_.frames;
  return waiting_.empty() ? Status() : append_about(track, stamp);
}

void Importer::refuse(const std::string& why) {
  // Nobody reads thousands of lines that say the same.
  constexpr std::uint64_t kToldMax = 20;
  if (++counts_.refused <= kToldMax) options_.warn(why);
  if (counts_.refused == kToldMax)
    options_.warn("what else is refused is counted without a word each");
}

bool Importer::is_new(const std::string& text) {
  constexpr std::size_t kToldMax = 1'000;
  if (told_.size() == kToldMax || !told_.insert(text).second) return false;
  if (told_.size() == kToldMax) options_.warn("what else is to be told is not");
  return true;
}

void Importer::note(const std::string& text) {
  if (is_new(text)) options_.note(text);
}

void Importer::leave_out(const std::string& text) {
  ++counts_.left_out;
  if (is_new(text)) options_.warn(text);
}

void Importer::schema(std::string_view track, const OriginalSchema& schema) {
  waiting_[std::string(track)].insert_or_assign(original_track(track), written_original(schema));
}

void Importer::kind(std::string_view track, std::string_view name, std::vector<Joint> joints) {
  Fields written = {{"kind", name}};
  if (!joints.empty()) {
    Kind kind = known_kind(name).value();
    kind.joints = std::move(joints);
    written = written_kind(kind);
  }
  waiting_[std::string(track)].insert_or_assign(schema_track(track), std::move(written));
}

Status Importer::attach(std::string_view name, std::string_view content) {
  if (!options_.attach) {
    leave_out(fmt::format("attachment {} is left out", printable(name)));
    return {};
  }
  Status attached = options_.attach(name, content);
  if (attached || attached.error().code != ErrorCode::kInvalid) return attached;
  leave_out(
      fmt::format("attachment {} is left out: {}", printable(name), attached.error().message));
  return {};
}

void Importer::describe(std::string_view name, Value value) {
  if (options_.describe) options_.describe(name, std::move(value));
}

}  // namespace zbag
