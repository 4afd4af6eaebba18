#include "nodes/bag_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "nodes/outliers.hpp"
#include "recorder/bag/read/attachments.hpp"
#include "recorder/bag/read/track_schema.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

// Stamps may lie further apart than int64 nanoseconds reach.
double seconds_between(std::int64_t first, std::int64_t last) {
  std::int64_t span = 0;
  if (!__builtin_sub_overflow(last, first, &span)) return static_cast<double>(span) / 1e9;
  return static_cast<double>(last) / 1e9 - static_cast<double>(first) / 1e9;
}

std::optional<RateSpread> rates_of(const TrackRecord& track,
                                   const std::optional<BlockSpread>& spread) {
  if (!spread) return std::nullopt;
  const auto rates = spread->rates.find(track.id);
  return rates == spread->rates.end() ? std::nullopt : std::optional(rates->second);
}

std::uint64_t reclaimable_bytes(const BagSummary& bag, const BlockSpread& spread) {
  constexpr std::uint64_t kWorthIt = 1'000'000;
  const std::uint64_t left = bag.size_bytes - std::min(bag.size_bytes, spread.page_bytes);
  const bool is_worth_it = left > bag.size_bytes / 3 && left > kWorthIt;
  return is_worth_it && !is_being_written(bag.path) ? left : 0;
}

std::string kind_text(const BagReader& reader, const TrackRecord& track) {
  if (is_system_track(track.name)) return {};
  const Result<std::optional<Kind>> kind = kind_of(reader, track.name);
  return kind && *kind ? (*kind)->name : std::string();
}

std::string types_text(const std::set<std::string>& types) {
  return fmt::format("{}", fmt::join(types, "|"));
}

namespace {

Value lost_value(const std::optional<std::uint64_t>& lost) { return lost ? Value(*lost) : Value(); }

Fields track_fields(const BagReader& reader, const TrackRecord& track,
                    const std::optional<BlockSpread>& spread) {
  Fields types;
  for (const auto& [field, seen] : track.fields) types.emplace_back(field, types_text(seen));
  Fields fields{
      {"name", track.name}, {"points", track.total()}, {"late_points", track.late_points}};
  fields.emplace_back("first_ts", track.first ? Value(seconds_of_key(*track.first)) : Value());
  fields.emplace_back("last_ts", track.last ? Value(seconds_of_key(*track.last)) : Value());
  fields.emplace_back("rate_hz", track.rate().value_or(0.0));
  const std::optional<RateSpread> rates = rates_of(track, spread);
  fields.emplace_back("rate_min_hz", rates ? Value(rates->min_hz) : Value());
  fields.emplace_back("rate_max_hz", rates ? Value(rates->max_hz) : Value());
  fields.emplace_back("bytes", track.bytes);
  fields.emplace_back("fields", std::move(types));
  const std::string kind = kind_text(reader, track);
  fields.emplace_back("kind", kind.empty() ? Value() : Value(kind));
  const auto original = original_of(reader, track.name);
  const bool has_original = original && *original;
  fields.emplace_back("original", has_original ? Value((*original)->name) : Value());
  const auto about = about_of(reader, track.name);
  fields.emplace_back("about", about && *about ? Value(written_about(**about)) : Value());
  fields.emplace_back("lost", lost_value(track.lost));
  fields.emplace_back("missed_before", track.missed_before);
  for (auto& [name, value] : fate_fields(track.fate)) {
    if (name != "points") fields.emplace_back(name, std::move(value));
  }
  return fields;
}

// Null where they can not be read.
Value attachment_values(const BagReader& reader) {
  const Result<std::vector<AttachmentSize>> files = attachments_of(reader);
  if (!files) return {};
  Array values;
  for (const AttachmentSize& file : *files)
    values.emplace_back(Fields{{"name", file.name}, {"bytes", file.bytes}});
  return Value(std::move(values));
}

Array outlier_values(const BagReader& reader, const BagSummary& bag) {
  Array outliers;
  for (const Outliers& one : find_outliers(reader, bag)) {
    outliers.emplace_back(Fields{{"track", one.track},
                                 {"points", one.points},
                                 {"side", one.is_before ? "before" : "behind"},
                                 {"seconds", one.seconds},
                                 {"first_ts", one.first_ts},
                                 {"last_ts", one.last_ts}});
  }
  return outliers;
}

}  // namespace

Fields bag_fields(const BagReader& reader, const BagSummary& bag,
                  const std::optional<BlockSpread>& spread) {
  const Fate fate = bag.fate();
  const std::optional<Timestamp> start = bag.start();
  const std::optional<Timestamp> end = bag.end();
  Fields fields{{"path", bag.path},
                {"format_version", bag.bag.format},
                {"size_bytes", bag.size_bytes},
                {"creator", bag.bag.creator}};
  fields.emplace_back("start", start ? Value(start->seconds()) : Value());
  fields.emplace_back("end", end ? Value(end->seconds()) : Value());
  fields.emplace_back("duration", start ? seconds_between(start->ns(), end->ns()) : 0.0);
  fields.emplace_back("points", bag.points());
  const Fields counted = fate_fields(fate);
  for (const char* name : {"received", "merged", "kept_apart", "overwritten", "refused", "dropped"})
    fields.emplace_back(name, *find_field(counted, name));
  fields.emplace_back("skipped", fate.skipped_total());
  fields.emplace_back("skipped_by_reason", *find_field(counted, "skipped"));
  fields.emplace_back("lost", lost_value(bag.lost()));
  Array runs;
  for (const RunRecord& run : bag.runs) {
    Fields one{{"id", run.id},
               {"start", run.start},
               {"end", run.end ? Value(*run.end) : Value()},
               {"status", run.closed ? "closed" : "open"},
               {"host", run.host},
               {"version", run.version},
               {"config", run.config},
               {"metadata", run.metadata}};
    runs.emplace_back(std::move(one));
  }
  fields.emplace_back("runs", std::move(runs));
  fields.emplace_back("attachments", attachment_values(reader));
  Array publishers;
  for (const LossRecord& loss : bag.losses) {
    publishers.emplace_back(Fields{{"publisher", loss.publisher},
                                   {"src", fmt::format("{:016x}", loss.src)},
                                   {"track", loss.track},
                                   {"received", loss.received},
                                   {"lost", loss.lost},
                                   {"missed_before", loss.missed_before}});
  }
  fields.emplace_back("publishers", std::move(publishers));
  fields.emplace_back("reclaimable_bytes",
                      spread ? Value(reclaimable_bytes(bag, *spread)) : Value());
  Array tracks;
  for (const TrackRecord& track : bag.tracks)
    tracks.emplace_back(track_fields(reader, track, spread));
  fields.emplace_back("tracks", std::move(tracks));
  fields.emplace_back("outliers", outlier_values(reader, bag));
  return fields;
}

}  // namespace zbag
