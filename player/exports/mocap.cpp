// mocap: the JSON envelope of ML-Dash around one track (requirements 1.4). Its head tells of all
// frames, which therefore wait in a Spool.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "player/exports/exporter.hpp"
#include "player/exports/intervals.hpp"
#include "player/exports/row_text.hpp"
#include "player/exports/spool.hpp"
#include "player/exports/track_files.hpp"
#include "schemas/field_lookup.hpp"

namespace zbag {
namespace {

constexpr const char* kExtension = ".json";
constexpr double kFpsOfNothing = 30;

// What was said of a track when it was recorded (`record --metadata TRACK.fps=120`), or of all of
// them (`fps=120`), by the last run that says it.
std::optional<Value> metadata_of(const ExportSource& source, const std::string& track,
                                 const std::string& name) {
  const std::string own_name = fmt::format("{}.{}", track, name);
  std::optional<Value> found;
  std::optional<Value> of_all;
  for (const BagSummary& bag : source.bags()) {
    for (const RunRecord& run : bag.runs) {
      if (const Value* value = find_field(run.metadata, own_name)) found = *value;
      if (const Value* value = find_field(run.metadata, name)) of_all = *value;
    }
  }
  return found ? found : of_all;
}

// `record --metadata` gives texts.
Value as_list(const std::optional<Value>& value) {
  const auto* text = value ? value->get_if<std::string>() : nullptr;
  if (text == nullptr) return value && value->get_if<Array>() != nullptr ? *value : Array();
  Array list;
  for (std::size_t at = 0; at <= text->size();) {
    const std::size_t end = std::min(text->find(',', at), text->size());
    list.emplace_back(text->substr(at, end - at));
    at = end + 1;
  }
  return list;
}

std::optional<double> as_rate(const std::optional<Value>& value) {
  if (!value) return std::nullopt;
  std::optional<double> rate = number_of(*value);
  if (const auto* text = value->get_if<std::string>()) {
    double read = 0;
    const char* const end = text->data() + text->size();
    if (std::from_chars(text->data(), end, read).ptr == end) rate = read;
  }
  return rate && std::isfinite(*rate) && *rate > 0 ? rate : std::nullopt;
}

// The frames of one track, and what the head says of them.
class Frames {
 public:
  explicit Frames(Spool& spool) : spool_(spool) {}

  Status read(ExportSource& source, const std::string& track) {
    RowColumns columns = columns_of(source, track, {"time"});
    return source.each_point_of(track, [&](const PointView& point) { return add(point, columns); });
  }
  // `metadata` without its braces, then the channels.
  std::string head(const std::string& track, const ExportSource& source) {
    std::string text = "{\"version\":\"1.0\",\"metadata\":{\"topic\":";
    write_json_text(track, text);
    text += ",\"description\":";
    write_json(metadata_of(source, track, "description").value_or(Value()), text);
    text += ",\"tags\":";
    write_json(as_list(metadata_of(source, track, "tags")), text);
    text += ",\"fps\":" + seconds_text(as_rate(metadata_of(source, track, "fps")).value_or(rate()));
    text += ",\"duration\":" + seconds_text(end_ - start_);
    text += fmt::format(",\"frameCount\":{}", count_);
    text += ",\"startTime\":" + seconds_text(start_);
    text += ",\"endTime\":" + seconds_text(end_);
    return text + "},\"channels\":[" + fmt::format("{}", fmt::join(names(), ",")) + "]";
  }

 private:
  Status add(const PointView& point, RowColumns& columns) {
    const auto leaves = columns.flatten(open_map(point.map).value_or(MapBytes{}));
    if (!leaves) return tl::unexpected(leaves.error());
    add_time(point.stamp());
    for (const RowColumns::Leaf& leaf : *leaves) {
      text_ += ',';
      text_ += channel_of(leaf.column);
      text_ += ':';
      write_json_item(leaf.value, text_);
    }
    text_ += '}';
    Status written = spool_.write(text_);
    text_.clear();
    return written;
  }
  void add_time(Timestamp stamp) {
    text_ = fmt::format("{}\n{{\"time\":{}", count_ > 0 ? "," : "", seconds_text(stamp.seconds()));
    if (count_ == 0) start_ = stamp.seconds();
    intervals_.add(stamp.ns());
    end_ = stamp.seconds();
    ++count_;
  }
  // Its name as JSON.
  const std::string& channel_of(std::string_view column) {
    auto known = channels_.find(column);
    if (known == channels_.end()) {
      known = channels_.emplace(column, "").first;
      write_json_text(member_name(column, JsonDialect::kPlain), known->second);
    }
    return known->second;
  }
  std::vector<std::string_view> names() const {
    std::vector<std::string_view> names;
    for (const auto& [column, name] : channels_) names.emplace_back(name);
    return names;
  }
  double rate() {
    const std::uint64_t median = intervals_.median();
    return median > 0 ? 1e9 / static_cast<double>(median) : kFpsOfNothing;
  }

  Spool& spool_;
  std::string text_;                                          // of the frame at hand
  std::map<std::string, std::string, std::less<>> channels_;  // as JSON, by column
  Intervals intervals_;
  std::uint64_t count_ = 0;
  double start_ = 0.0;
  double end_ = 0.0;
};

class MocapExporter : public Exporter {
 public:
  explicit MocapExporter(const ExportOptions& options) : options_(options) {}

  Status write(ExportSource& source) override {
    Result<TrackFiles> files = TrackFiles::plan(source, options_, kExtension);
    if (!files) return tl::unexpected(files.error());
    std::vector<std::string> tracks = source.track_names();
    // Of a range without points: the envelope alone.
    if (tracks.empty() && !files->is_folder()) tracks.push_back(source.track_asked_for());
    for (const std::string& track : tracks) {
      const Result<OutputFile*> file = files->begin(track);
      if (!file) return tl::unexpected(file.error());
      if (Status written = write_track(source, track, **file); !written) return written;
    }
    return files->publish();
  }

 private:
  static Status write_track(ExportSource& source, const std::string& track, OutputFile& file) {
    Result<Spool> spool = Spool::create();
    if (!spool) return tl::unexpected(spool.error());
    Frames frames(*spool);
    if (source.tracks().contains(track)) {
      if (Status read = frames.read(source, track); !read) return read;
    }
    if (Status written = file.write(frames.head(track, source) + ",\"frames\":["); !written)
      return written;
    if (Status copied = spool->copy_to(file); !copied) return copied;
    return file.write("]}\n");
  }

  ExportOptions options_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_mocap_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<MocapExporter>(options));
}

}  // namespace zbag
