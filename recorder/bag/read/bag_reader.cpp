#include "recorder/bag/read/bag_reader.hpp"

#include <utility>

namespace zbag {

Result<BagReader> BagReader::open(const std::string& path) {
  Result<std::shared_ptr<BagFile>> file = BagFile::open_to_read(path);
  if (!file) return tl::unexpected(file.error());
  return BagReader(std::move(*file));
}

Result<std::optional<Point>> BagReader::floor(const std::string& track, Timestamp stamp) const {
  Selection selection;
  selection.range.last = stamp.ns();
  selection.track = track;
  selection.reverse = true;
  Result<BagCursor> found = cursor(selection);
  if (!found) return tl::unexpected(found.error());
  const Result<std::optional<PointView>> point = found->next();
  if (!point) return tl::unexpected(point.error());
  if (!*point) return std::optional<Point>();
  Result<Fields> fields = (*point)->fields();
  if (!fields) return tl::unexpected(fields.error());
  return std::optional(Point{**point, 0, std::move(*fields)});
}

}  // namespace zbag
