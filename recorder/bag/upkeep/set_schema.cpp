#include "recorder/bag/upkeep/set_schema.hpp"

#include <fmt/format.h>

#include <optional>

#include "recorder/bag/read/track_schema.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/kinds/schema_point.hpp"

namespace zbag {
namespace {

// The track's first stamp, or one behind the schema it has: at the same it would be joined with
// that one. nullopt: the kind is set already.
Result<std::optional<Timestamp>> stamp_for(const std::string& path, const std::string& track,
                                           const Kind& kind) {
  const Result<BagReader> reader = BagReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  if (const auto fits = fit_track(*reader, track, kind); !fits) return tl::unexpected(fits.error());
  const Result<std::optional<Kind>> before = kind_of(*reader, track);
  if (before && *before == kind) return std::optional<Timestamp>();
  BagReader::Selection selection;
  selection.track = track;
  Result<BagCursor> cursor = reader->cursor(selection);
  if (!cursor) return tl::unexpected(cursor.error());
  const Result<std::optional<PointView>> first = cursor->next();
  if (!first) return tl::unexpected(first.error());
  const Timestamp end = Timestamp::from_stored(TimeRange::all().last, 0.0);
  const Result<std::optional<Point>> last = reader->floor(schema_track(track), end);
  if (!last) return tl::unexpected(last.error());
  constexpr std::int64_t kBehindNs = 1'000;
  if (!*last) return std::optional((*first)->stamp());
  return std::optional(Timestamp::from_ns((*last)->stamp().ns() + kBehindNs));
}

}  // namespace

Status set_schema(const std::string& path, const std::string& track, const Kind& kind) {
  // The bag is read, and let go, before it is written.
  const Result<std::optional<Timestamp>> stamp = stamp_for(path, track, kind);
  if (!stamp) return tl::unexpected(stamp.error());
  if (!*stamp) return {};
  BagWriter::Options options;
  options.node = "schema";
  options.config = {{"schema", fmt::format("{}={}", track, kind.name)}};
  Result<BagWriter> writer = BagWriter::open(path, options);
  if (!writer) return tl::unexpected(writer.error());
  const Result<WriteReport> written =
      write_schema(track, kind, **stamp, [&](const Batch& batch) { return writer->write(batch); });
  Status closed = writer->close();
  if (!written) return tl::unexpected(written.error());
  return closed;
}

}  // namespace zbag
