// Any bytes as points of a block: what is a frame goes through the encoder and must come back with
// equal values and types, by its maps and column by column, and its summary must be right. The
// first byte chooses compression and how often the maps are repeated.
#include "recorder/bag/block/block.hpp"
#include "recorder/bag/block/block_encoder.hpp"
#include "recorder/bag/block/block_fields.hpp"
#include "recorder/bag/block/block_summary.hpp"
#include "schemas/check.hpp"
#include "schemas/frame.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/item.hpp"
#include "schemas/timestamp.hpp"

namespace {

using namespace zbag;

// The maps that follow one another in `bytes`, as long as they are whole.
std::vector<MapBytes> maps_in(std::span<const std::uint8_t> bytes) {
  std::vector<MapBytes> maps;
  while (!bytes.empty()) {
    item::Cursor in(bytes);
    std::span<const std::uint8_t> whole;
    if (!item::take_whole(in, whole)) break;
    const ScanOutcome scan = scan_frame(whole);
    if (!scan.refusal) maps.push_back(open_map(whole).value());
    bytes = bytes.subspan(whole.size());
  }
  return maps;
}

RowPoint row_of(const MapBytes& map, std::size_t number) {
  RowPoint row;
  row.key = static_cast<std::int64_t>(number);
  row.seconds = seconds_of_key(row.key);
  row.pairs = map.pairs.data();
  row.pairs_bytes = static_cast<std::uint32_t>(map.pairs.size());
  row.fields = map.count;
  return row;
}

Fields fields_of(const MapBytes& map) {
  std::string bytes;
  append_map(map, bytes);
  return decode_fields({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}).value();
}

// Every name at top level has a value of every point, or says why not.
void check_fields(std::string_view value, const std::vector<Fields>& points) {
  Block block = Block::open(value, Block::Maps::kLater).value();
  for (const auto& [name, first] : points[0]) {
    const BlockField field = read_block_field(block, {name}).value();
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Value* const expected = find_field(points[i], name);
      const bool is_leaf = expected != nullptr && expected->get_if<Fields>() == nullptr;
      ZBAG_CHECK((field.at(i).source > 0) == is_leaf);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::vector<MapBytes> maps = maps_in({data + 1, size - 1});
  if (maps.empty()) return 0;
  BlockEncoder encoder;
  std::vector<Fields> points;
  for (unsigned round = 0; round <= data[0] % 64u; ++round) {
    for (const MapBytes& map : maps) {
      encoder.add(row_of(map, points.size()), false);
      points.push_back(fields_of(map));
      if (points.size() == 2'000) break;
    }
  }
  const auto kind = data[0] >= 128 ? Compression::kLz4 : Compression::kZstd;
  const auto bytes = encoder.finish({.track = 1}, {kind, 1});
  const std::string_view value(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const Block block = Block::open(value).value();
  ZBAG_CHECK(block.points().size() == points.size());
  for (std::size_t i = 0; i < points.size(); ++i)
    ZBAG_CHECK(decode_fields(block.points()[i].map).value() == points[i]);
  check_fields(value, points);
  ZBAG_CHECK(verify_summary(value).has_value());
  return 0;
}
