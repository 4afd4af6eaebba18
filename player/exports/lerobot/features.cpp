#include "player/exports/lerobot/features.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "player/exports/picture_track.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kState = "observation.state";
constexpr const char* kAction = "action";
constexpr const char* kReward = "next.reward";
constexpr const char* kDone = "next.done";
constexpr std::array<std::string_view, 6> kActionNames = {"action",   "actions", "command",
                                                          "commands", "cmd",     "cmds"};
constexpr std::size_t kNamesShown = 5;

// By the last part of its name.
bool is_action_track(const std::string& track) {
  const std::string_view last = std::string_view(track).substr(track.find_last_of('/') + 1);
  return std::ranges::find(kActionNames, last) != kActionNames.end() || last.starts_with("cmd_") ||
         last.ends_with("_cmd") || last.ends_with("_command") || last.ends_with("_action");
}

// One number for each point; those of lists have columns of their own.
bool is_number(const ExportField& field) {
  return field.kind == ColumnKind::kBool || field.kind == ColumnKind::kInt ||
         field.kind == ColumnKind::kDouble;
}

bool has_large_int(const FieldPart& part) {
  constexpr std::int64_t kFloatMax = std::int64_t{1} << 24;
  return part.type == ColumnType::kInt &&
         (!part.unsigned_at.empty() || std::ranges::any_of(part.ints, [](std::int64_t value) {
           return value > kFloatMax || value < -kFloatMax;
         }));
}

class Planner {
 public:
  Planner(ExportSource& source, FeaturePlan& plan) : source_(source), plan_(plan) {}

  Status add_all() {
    std::map<std::string, std::optional<TrackSchema>> kinds;
    for (const std::string& track : source_.track_names()) {
      auto meaning = source_.meaning_of(track);
      if (!meaning) return tl::unexpected(meaning.error());
      has_steps_ = has_steps_ || (*meaning && (*meaning)->kind.name == "step");
      kinds.emplace(track, std::move(*meaning));
    }
    for (const auto& [track, kind] : kinds) {
      const Result<bool> is_camera = holds_pictures(track, kind);
      if (!is_camera) return tl::unexpected(is_camera.error());
      if (*is_camera) {
        add_camera(track);
        continue;
      }
      if (Status added = add_numbers(track, kind); !added) return added;
    }
    for (const char* key : {kState, kAction, kReward, kDone}) {
      if (const auto found = found_.find(key); found != found_.end())
        plan_.features.push_back(std::move(found->second));
    }
    return {};
  }

 private:
  Result<bool> holds_pictures(const std::string& track, const std::optional<TrackSchema>& kind) {
    if (kind && (kind->kind.name == "image" || kind->kind.name == "compressed_image")) return true;
    if (kind || !may_hold_pictures(source_.tracks().at(track))) return false;
    bool has_picture = false;
    Status looked = source_.each_first_point_of(track, [&](const PointView& point) {
      const auto picture = picture_of(*open_map(point.map));
      has_picture = has_picture || (picture && *picture);
      return Status();
    });
    if (!looked) return tl::unexpected(looked.error());
    return has_picture;
  }
  void add_camera(const std::string& track) {
    std::string key = "observation.images.";
    for (const char byte : track) {
      const bool is_plain = std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '-';
      key += is_plain ? byte : '_';
    }
    while (!keys_.insert(lower(key)).second) key += '_';
    add_remark(Remark::Kind::kNotice, "pictures",
               fmt::format("{} of track {}", key, printable(track)));
    plan_.cameras.push_back({key, track});
    plan_.tracks.push_back(track);
  }
  // What ignores case must still tell columns apart.
  static std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char byte) {
      return static_cast<char>(std::tolower(byte));
    });
    return text;
  }
  Status add_numbers(const std::string& track, const std::optional<TrackSchema>& kind) {
    const auto fields = source_.fields_of(track);
    if (!fields) return tl::unexpected(fields.error());
    std::map<std::string, std::size_t> taken;  // by key
    std::vector<std::string> others;
    const auto large = large_fields(track, *fields);
    if (!large) return tl::unexpected(large.error());
    for (const ExportField& field : *fields) {
      const std::string key = is_number(field) ? key_of(track, field, kind) : "";
      if (!key.empty() && large->contains(field.names)) continue;
      if (key.empty()) {
        others.push_back(printable(field.column));
        continue;
      }
      Feature& feature = found_[key];
      feature.key = key;
      feature.is_flag = key == kDone;
      feature.names.push_back(track + "." + field.column);
      feature.numbers.push_back({track, field.names, field.element});
      ++taken[key];
    }
    tell(track, taken, others);
    if (!large->empty()) {
      std::vector<std::string> names;
      for (const FieldNames& one : *large)
        names.push_back(printable(fmt::format("{}", fmt::join(one, "."))));
      add_remark(Remark::Kind::kWarning, "left out, too large for a float32",
                 fmt::format("{} of track {}", fmt::join(names, ", "), printable(track)));
    }
    if (taken.empty()) return {};
    plan_.tracks.push_back(track);
    return {};
  }
  // Those with whole numbers that a float32 may not be.
  Result<std::set<FieldNames>> large_fields(const std::string& track,
                                            const std::vector<ExportField>& fields) const {
    std::vector<ExportField> whole;
    std::ranges::copy_if(fields, std::back_inserter(whole),
                         [](const ExportField& field) { return field.kind == ColumnKind::kInt; });
    std::set<FieldNames> large;
    if (whole.empty()) return large;
    Status read = source_.each_chunk_ahead_of(track, whole, [&](const ColumnChunk& chunk) {
      for (std::size_t i = 0; i < whole.size(); ++i) {
        if (std::ranges::any_of(chunk.fields[i].parts, has_large_int)) large.insert(whole[i].names);
      }
      return Status();
    });
    if (!read) return tl::unexpected(read.error());
    return large;
  }
  // "": it has no place.
  std::string key_of(const std::string& track, const ExportField& field,
                     const std::optional<TrackSchema>& kind) {
    if (!kind || kind->kind.name != "step")
      return !has_steps_ && is_action_track(track) ? kAction : kState;
    const std::string name = fmt::format("{}", fmt::join(field.names, "."));
    const auto known = std::ranges::find(kind->fields, name, &SchemaField::name);
    const std::string role = known == kind->fields.end() ? "" : known->role;
    if (role == "action.*") return kAction;
    if (role == "timestamp") return "";
    // A set has one of each.
    if (role == "reward") return found_.contains(kReward) ? kState : kReward;
    if (role == "done") return found_.contains(kDone) ? kState : kDone;
    return kState;
  }
  void tell(const std::string& track, const std::map<std::string, std::size_t>& taken,
            const std::vector<std::string>& others) {
    const std::string name = printable(track);
    for (const auto& [key, count] : taken)
      add_remark(Remark::Kind::kNotice, "numbers of " + key,
                 fmt::format("{} of track {}", count, name));
    if (!others.empty()) {
      const auto shown = static_cast<std::ptrdiff_t>(std::min(others.size(), kNamesShown));
      add_remark(
          Remark::Kind::kWarning, "left out, as no number of a frame",
          fmt::format("{}{} of track {}", fmt::join(others.begin(), others.begin() + shown, ", "),
                      others.size() > kNamesShown ? ", ..." : "", name));
    }
    if (taken.empty() && others.empty())
      add_remark(Remark::Kind::kWarning, "tracks left out, since they have no fields", name);
  }

  void add_remark(Remark::Kind kind, std::string what, std::string which) {
    plan_.remarks.push_back({kind, std::move(what), std::move(which)});
  }

  ExportSource& source_;
  FeaturePlan& plan_;
  std::map<std::string, Feature> found_;
  std::set<std::string> keys_;
  bool has_steps_ = false;
};

std::string clock_of(const ExportSource& source, const FeaturePlan& plan) {
  if (!plan.cameras.empty()) return plan.cameras.front().track;
  return *std::ranges::max_element(
      plan.tracks, {}, [&](const std::string& track) { return source.tracks().at(track).total(); });
}

}  // namespace

Result<FeaturePlan> FeaturePlan::of(ExportSource& source, const std::string& clock) {
  FeaturePlan plan;
  if (Status added = Planner(source, plan).add_all(); !added) return tl::unexpected(added.error());
  if (plan.tracks.empty())
    return fail(ErrorCode::kUnsupported, "no pictures and no numbers are chosen");
  plan.clock = clock.empty() ? clock_of(source, plan) : clock;
  for (const std::string& track : source.track_names()) {
    const bool is_part = std::ranges::find(plan.tracks, track) != plan.tracks.end();
    if (!is_part && track != plan.clock) source.leave_out(track);
  }
  return plan;
}

}  // namespace zbag
