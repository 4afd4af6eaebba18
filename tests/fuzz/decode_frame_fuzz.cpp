// Any bytes as a frame: the scan and the decoder agree, what passes comes back from its own
// encoding, two halves that pass merge as bytes the way they merge as values, and a layout learnt
// from the first half sees what the second one does to it.
#include <string>
#include <vector>

#include "schemas/check.hpp"
#include "schemas/frame.hpp"
#include "schemas/frame_layout.hpp"
#include "schemas/growing_map.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/grown_fields.hpp"

namespace zbag {
namespace {

using Bytes = std::span<const std::uint8_t>;

bool passes(Bytes bytes) {
  const std::optional<Refusal> refusal = scan_frame(bytes).refusal;
  return !refusal || *refusal == Refusal::kBadTimestamp;
}

bool has_unique_names(const Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& [name, value] = fields[i];
    if (find_field(fields, name) != &value) return false;
    const Fields* map = value.get_if<Fields>();
    if (map != nullptr && !has_unique_names(*map)) return false;
  }
  return true;
}

void check_frame(Bytes bytes) {
  const Result<Fields> fields = decode_fields(bytes);
  ZBAG_CHECK(fields.has_value() == passes(bytes));
  if (!fields) return;
  std::string again;
  encode_fields(*fields, again);
  ZBAG_CHECK(passes(as_bytes(again)));
  ZBAG_CHECK(decode_fields(as_bytes(again)).value() == *fields);
}

// Each pair of `changes` is a place in the frame and the bits to turn over there.
void check_layout(Bytes frame, Bytes changes) {
  FrameLayout layout;
  layout.scan(frame);
  std::vector<std::uint8_t> changed(frame.begin(), frame.end());
  for (std::size_t i = 0; i + 1 < changes.size(); i += 2)
    changed[changes[i] % changed.size()] ^= changes[i + 1];
  const ScanOutcome got = layout.scan(changed);
  const ScanOutcome wanted = scan_frame(changed);
  ZBAG_CHECK(got.refusal == wanted.refusal);
  if (wanted.refusal) return;
  ZBAG_CHECK(got.scan.stamp_kind == wanted.scan.stamp_kind && got.scan.stamp == wanted.scan.stamp);
  ZBAG_CHECK(got.scan.seq == wanted.scan.seq && got.scan.src == wanted.scan.src);
  ZBAG_CHECK(got.scan.latch == wanted.scan.latch && got.scan.shape == wanted.scan.shape);
  ZBAG_CHECK(got.scan.fields == wanted.scan.fields);
  ZBAG_CHECK(got.scan.range_count == wanted.scan.range_count);
}

void check_merge(Bytes earlier, Bytes later, bool deep) {
  const GrowingMap::Meets meets = deep ? GrowingMap::Meets::kMerges : GrowingMap::Meets::kGivesWay;
  const MapBytes second = open_map(later).value();
  GrowingMap map(open_map(earlier).value());
  const GrowingMap::Prospect prospect = map.look_at(second, meets);
  map.take_in(second, meets);
  const Fields fields = fields_of(map);

  Fields expected = decode_fields(earlier).value();
  const Fields other = decode_fields(later).value();
  // Below the top level a name may come twice; which of the two wins is nobody's promise.
  if (!has_unique_names(expected) || !has_unique_names(other)) return;
  const std::size_t replaced = merge_fields(expected, other, deep);
  ZBAG_CHECK(fields == expected);
  ZBAG_CHECK(prospect.differing <= replaced);  // values also tell two orders of a nested map apart
}

// Joined as bytes or as values, it is the same, and a frame that has joined has no more to add.
void check_join(Bytes earlier, Bytes later) {
  constexpr GrowingMap::Meets kStays = GrowingMap::Meets::kStays;
  Fields expected = decode_fields(earlier).value();
  const Fields other = decode_fields(later).value();
  if (!has_unique_names(expected) || !has_unique_names(other)) return;
  const MapBytes second = open_map(later).value();
  GrowingMap map(open_map(earlier).value());
  const GrowingMap::Prospect prospect = map.look_at(second, kStays);
  const std::size_t before = expected.size();
  const bool fits = join_fields(expected, other);
  ZBAG_CHECK(fits == (prospect.differing == 0));
  if (!fits) return;
  ZBAG_CHECK(prospect.added == expected.size() - before);
  map.take_in(second, kStays);
  ZBAG_CHECK(fields_of(map) == expected);
  const GrowingMap::Prospect again = map.look_at(second, kStays);
  ZBAG_CHECK(again.added == 0 && again.differing == 0);
}

}  // namespace
}  // namespace zbag

// The first byte says where the halves part, in 256ths.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  zbag::check_frame(bytes);
  const std::size_t cut = bytes.size() * data[0] / 256;
  const auto earlier = bytes.first(cut);
  const auto later = bytes.subspan(cut);
  if (zbag::passes(earlier)) zbag::check_layout(earlier, later);
  if (!zbag::passes(earlier) || !zbag::passes(later)) return 0;
  zbag::check_merge(earlier, later, false);
  zbag::check_merge(earlier, later, true);
  zbag::check_join(earlier, later);
  return 0;
}
