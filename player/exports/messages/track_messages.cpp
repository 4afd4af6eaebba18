#include "player/exports/messages/track_messages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <bit>
#include <numbers>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "player/exports/messages/cdr_sink.hpp"
#include "player/exports/messages/field_value.hpp"
#include "player/exports/messages/fields_schema.hpp"
#include "player/exports/messages/json_sink.hpp"
#include "player/exports/messages/message_form.hpp"
#include "player/exports/messages/original_messages.hpp"
#include "schemas/chosen_fields.hpp"
#include "schemas/json_text.hpp"
#include "schemas/map_member.hpp"
#include "schemas/put_item.hpp"
#include "schemas/shortest_text.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr std::string_view kStampName = "_ts";
constexpr std::string_view kReceived = "recv_ns";  // what importers call the time of recording
constexpr std::string_view kKeptBytes = "data";    // and a message that they can not read

// The chosen fields of points.
class ChosenMap {
 public:
  explicit ChosenMap(const std::vector<std::string>& columns) : columns_(columns) {}

  // Valid until the next call and as long as the point.
  std::span<const std::uint8_t> of(const PointView& point) {
    if (columns_.empty()) return point.map;
    kept_.clear();
    append_chosen(open_map(point.map).value_or(MapBytes{}), columns_, kept_);
    return bytes_of(kept_);
  }

 private:
  const std::vector<std::string>& columns_;
  std::string kept_;
};

void begin_json(const PointView& point, std::string& out) {
  out += "{\"_ts\":";
  append_shortest(point.seconds, out);
}

class JsonMessages : public TrackMessages {
 public:
  JsonMessages(MessageSchema schema, const ExportSource& source)
      : TrackMessages(std::move(schema)), chosen_(source.columns()) {}

  Status append(const PointView& point, std::string& out) override {
    const MapBytes map = open_map(chosen_.of(point)).value_or(MapBytes{});
    begin_json(point, out);
    if (map.count > 0) out += ',';
    write_json_members(map, out, JsonDialect::kPlain);
    out += '}';
    return {};
  }

 private:
  ChosenMap chosen_;
};

class MsgpackMessages : public TrackMessages {
 public:
  MsgpackMessages(MessageSchema schema, const ExportSource& source)
      : TrackMessages(std::move(schema)), chosen_(source.columns()) {}

  Status append(const PointView& point, std::string& out) override {
    const MapBytes map = open_map(chosen_.of(point)).value_or(MapBytes{});
    std::array<std::uint8_t, 2 * item::kHeadMax> head;
    std::uint8_t* at = head.data();
    item::put_map(at, std::uint64_t{map.count} + 1);
    item::put_text(at, kStampName.size());
    out += text_of({head.data(), at});
    out += kStampName;
    at = head.data();
    item::put_float64(at, std::bit_cast<std::uint64_t>(point.seconds));
    out += text_of({head.data(), at});
    out += text_of(map.pairs);
    return {};
  }

 private:
  ChosenMap chosen_;
};

Error error_at(const PointView& point, const MessageForm& form, Error error) {
  error.message =
      fmt::format("track {} at {} does not fit its kind: {} of {}", point.track,
                  seconds_text(point.stamp().seconds()), error.message, form.type().name);
  return error;
}

class FoxgloveMessages : public TrackMessages {
 public:
  FoxgloveMessages(MessageForm form, const ExportSource& source)
      : TrackMessages({form.type().name, "jsonschema", json_schema_of_type(form.type())}),
        form_(std::move(form)),
        chosen_(source.columns()) {}

  Status append(const PointView& point, std::string& out) override {
    const std::span<const std::uint8_t> map = chosen_.of(point);
    begin_json(point, out);
    out += ',';
    JsonSink sink(out);
    Status written = form_.write(map, point.key, sink);
    if (!written) return tl::unexpected(error_at(point, form_, std::move(written.error())));
    const MapBytes opened = open_map(map).value_or(MapBytes{});
    PairWalk pairs(opened.pairs, opened.count);
    while (const std::optional<PairBytes> pair = pairs.next()) {
      if (form_.claims(pair->name)) continue;
      sink.begin_member(member_name(pair->name, JsonDialect::kPlain));
      write_json_item(pair->value, out);
    }
    out += '}';
    return {};
  }

 private:
  MessageForm form_;
  ChosenMap chosen_;
};

class CdrMessages : public TrackMessages {
 public:
  CdrMessages(MessageForm form, const ExportSource& source)
      : TrackMessages({ros_name(form.type()), "ros2msg", ros_definition(form.type())}),
        form_(std::move(form)),
        chosen_(source.columns()) {}

  Status append(const PointView& point, std::string& out) override {
    constexpr std::int64_t kSecondsMax = std::numeric_limits<std::int32_t>::max();
    if (point.key / 1'000'000'000 > kSecondsMax || point.key / 1'000'000'000 < -kSecondsMax) {
      return tl::unexpected(
          error_at(point, form_,
                   {ErrorCode::kUnsupported,
                    "a stamp of ROS 2 ends in 2038; take other times, or --encoding json"}));
    }
    CdrSink sink(out);
    Status written = form_.write(chosen_.of(point), point.key, sink);
    if (!written) return tl::unexpected(error_at(point, form_, std::move(written.error())));
    return {};
  }

 private:
  MessageForm form_;
  ChosenMap chosen_;
};

// As the recording had them that the track was imported from.
class OriginalTrack : public TrackMessages {
 public:
  OriginalTrack(OriginalMessages messages, const ExportSource& source)
      : TrackMessages({messages.name(), "ros2msg", messages.definition()}),
        messages_(std::move(messages)),
        chosen_(source.columns()) {}

  Status append(const PointView& point, std::string& out) override {
    Status written = messages_.write(chosen_.of(point), out);
    if (written) return {};
    return fail(written.error().code,
                fmt::format("track {} at {} does not fit what it was imported from: {} of {}; take "
                            "--encoding json",
                            point.track, seconds_text(point.stamp().seconds()),
                            written.error().message, messages_.name()));
  }

  // Importers keep it beside a message that has a stamp of its own.
  std::optional<std::int64_t> recorded_at(const PointView& point) const override {
    if (messages_.has_member(kReceived)) return std::nullopt;
    const std::optional<field_value::Int> ns =
        field_value::int_of(field_value::at(point.map, {std::string(kReceived)}));
    const bool is_time = ns && !ns->is_above_int64 && static_cast<std::int64_t>(ns->bits) >= 0;
    return is_time ? std::optional(static_cast<std::int64_t>(ns->bits)) : std::nullopt;
  }

 private:
  OriginalMessages messages_;
  ChosenMap chosen_;
};

// Messages that import could not read, as they were.
class KeptTrack : public TrackMessages {
 public:
  explicit KeptTrack(const OriginalSchema& original)
      : TrackMessages({original.name, original.encoding, original.text}) {}

  Status append(const PointView& point, std::string& out) override {
    item::Cursor in(member_of(point.map, kKeptBytes));
    std::span<const std::uint8_t> message;
    if (!item::take_binary(in, message))
      return fail(
          ErrorCode::kInvalid,
          fmt::format("track {} at {} has no message of {} in {}", point.track,
                      seconds_text(point.stamp().seconds()), printable(schema().name), kKeptBytes));
    out += text_of(message);
    return {};
  }
};

// Those that are chosen; none, and a note, where they can not be said.
LeafTypes leaves_of(const ExportSource& source, const std::string& track) {
  Result<LeafTypes> found = source.leaves_of(track);
  if (!found) source.warn(found.error().message + "; the file does not say what its fields are");
  LeafTypes leaves = std::move(found).value_or(LeafTypes{});
  std::erase_if(leaves, [&](const auto& leaf) {
    return !is_chosen_field(source.columns(), fmt::format("{}", fmt::join(leaf.first, ".")));
  });
  return leaves;
}

// `keeps_strangers`: fields that the form does not claim are written all the same.
void note_left_out(const ExportSource& source, const std::string& track, const MessageForm& form,
                   bool keeps_strangers) {
  std::vector<std::string> left_out;
  for (const auto& [names, types] : leaves_of(source, track)) {
    const bool is_kept = keeps_strangers && !form.claims(names.front());
    if (!is_kept && !form.takes(names))
      left_out.push_back(printable(fmt::format("{}", fmt::join(names, "."))));
  }
  if (left_out.empty()) return;
  source.warn(fmt::format("fields left out, since {} has no place for them", form.type().name),
              fmt::format("{} of track {}", fmt::join(left_out, ", "), printable(track)));
}

void warn_of_strangers(const ExportSource& source, const std::string& track,
                       const OriginalMessages& messages) {
  std::set<std::string> left_out;
  for (const auto& [names, types] : leaves_of(source, track)) {
    const std::string& name = names.front();
    if (name != kReceived && !messages.has_member(name)) left_out.insert(printable(name));
  }
  if (left_out.empty()) return;
  source.warn(
      fmt::format("fields left out, since {} has no place for them", printable(messages.name())),
      fmt::format("{} of track {}", fmt::join(left_out, ", "), printable(track)));
}

bool is_of_ros(const OriginalSchema& original) {
  const auto is_one_of = [](const std::string& name, const char* one, const char* other) {
    return name == one || name == other;
  };
  return is_one_of(original.messages, "ros1", "cdr") ||
         is_one_of(original.encoding, "ros1msg", "ros2msg");
}

// Whether the track holds messages as import keeps those that it can not read: as bytes. Those of
// ROS 1 would be of another encoding than the rest of the file.
bool is_kept_as_it_was(const ExportSource& source, const std::string& track,
                       const OriginalSchema& original) {
  if (original.messages != "cdr" || original.name.empty()) return false;
  return leaves_of(source, track) == LeafTypes{{{std::string(kKeptBytes)}, {ColumnType::kBinary}}};
}

// Errors say what is wrong with what it was.
Result<std::unique_ptr<TrackMessages>> original_track_messages(const ExportSource& source,
                                                               const std::string& track,
                                                               const OriginalSchema& original,
                                                               RosForm form) {
  Result<OriginalMessages> messages = OriginalMessages::of(original, form);
  if (messages) {
    warn_of_strangers(source, track, *messages);
    if (messages->has_lost_seq())
      source.notice("headers without their seq, which ROS 2 has not", printable(track));
    return std::make_unique<OriginalTrack>(std::move(*messages), source);
  }
  if (is_kept_as_it_was(source, track, original)) return std::make_unique<KeptTrack>(original);
  return tl::unexpected(messages.error());
}

// A limit that is not recorded is none: at 0 a reader would drop whatever lies beyond it.
void note_unlimited(const ExportSource& source, const std::string& track, const MessageForm& form,
                    const std::vector<FieldAlias>& aliases) {
  const LeafTypes leaves = leaves_of(source, track);
  for (const MessageMember& member : form.type().members) {
    if (member.absent != Absent::kInfinite) continue;
    const bool is_there = std::ranges::any_of(leaves, [&](const auto& leaf) {
      const std::string name = fmt::format("{}", fmt::join(leaf.first, "."));
      return name == member.name || std::ranges::any_of(aliases, [&](const FieldAlias& one) {
               return one.field == member.name && one.name == name;
             });
    });
    if (!is_there)
      source.notice("what is not recorded is written as infinite",
                    fmt::format("{} of track {}", member.name, printable(track)));
  }
}

// One without a name where nothing is said of the track, or nothing that is one, which is told.
Kind kind_of(const ExportSource& source, const std::string& track) {
  Result<std::optional<Kind>> kind = source.kind_of(track);
  if (!kind) source.warn(kind.error().message + "; the track is taken for one of no kind");
  return kind && *kind ? std::move(**kind) : Kind();
}

// What makes `to` of a number in `from`; nullopt: nothing does.
std::optional<double> factor_of(const std::string& from, const std::string& to) {
  if (from == to) return 1.0;
  if (from == "mm" && to == "m") return 1e-3;
  if (from == "deg" && to == "rad") return std::numbers::pi / 180.0;
  return std::nullopt;
}

std::vector<FieldAlias> aliases_of(const Kind& kind) {
  std::vector<FieldAlias> aliases;
  for (const KindField& field : kind.fields) {
    for (const KindField::Alias& alias : field.also) {
      const auto factor = factor_of(alias.unit, field.unit);
      if (factor) aliases.push_back({field.name, alias.name, *factor});
    }
  }
  return aliases;
}

bool is_by_kind_in_ros2(const ExportSource& source, const std::string& track,
                        const OriginalSchema& original) {
  return original.encoding == "ros1msg" &&
         find_kind_message(ros_messages(), kind_of(source, track).name) != nullptr;
}

MessageSchema fields_schema(const ExportSource& source, const std::string& track) {
  const Kind kind = kind_of(source, track);
  const std::string& name = kind.name.empty() ? track : kind.name;
  return {name, "jsonschema", json_schema_of_fields(name, leaves_of(source, track))};
}

}  // namespace

const char* name_of(MessageEncoding encoding) {
  constexpr std::array kNames{"json", "msgpack", "cdr"};
  return kNames[static_cast<std::size_t>(encoding)];
}

Result<std::unique_ptr<TrackMessages>> make_track_messages(
    const ExportSource& source, const std::string& track,
    const std::optional<OriginalSchema>& original, MessageEncoding encoding, RosForm ros_form,
    const MessageTypes& types) {
  using Made = std::unique_ptr<TrackMessages>;
  if (encoding == MessageEncoding::kMsgpack)
    return Made(std::make_unique<MsgpackMessages>(fields_schema(source, track), source));
  const bool is_json = encoding == MessageEncoding::kJson;
  const bool was_ros =
      original && !is_json && is_of_ros(*original) &&
      !(ros_form == RosForm::kForRos2 && is_by_kind_in_ros2(source, track, *original));
  std::string why_not_original;
  if (was_ros) {
    Result<Made> made = original_track_messages(source, track, *original, ros_form);
    if (made) return made;
    why_not_original = std::move(made.error().message);
  }
  const Kind kind = kind_of(source, track);
  const KindMessage* const message =
      find_kind_message(is_json ? foxglove_messages() : ros_messages(), kind.name);
  if (message == nullptr && is_json)
    return Made(std::make_unique<JsonMessages>(fields_schema(source, track), source));
  if (message == nullptr)
    return fail(ErrorCode::kUnsupported,
                was_ros ? why_not_original : "ROS has no message of its kind");
  if (was_ros)
    source.warn(
        fmt::format("track {}: {}; it is written by its kind", printable(track), why_not_original));
  const std::vector<FieldAlias> aliases = aliases_of(kind);
  MessageForm form(types, *message, aliases);
  note_left_out(source, track, form, is_json);
  if (is_json) return Made(std::make_unique<FoxgloveMessages>(std::move(form), source));
  note_unlimited(source, track, form, aliases);
  return Made(std::make_unique<CdrMessages>(std::move(form), source));
}

}  // namespace zbag
