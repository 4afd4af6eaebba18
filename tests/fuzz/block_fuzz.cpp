// Any bytes as a stored block, as they are and with the checksums made right, so that the decoders
// behind them are reached. What opens is read in full.
#include <string>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/block/block_fields.hpp"
#include "recorder/bag/block/block_summary.hpp"
#include "schemas/check.hpp"
#include "schemas/frame.hpp"
#include "tests/recorder/bag/resealed.hpp"

namespace {

// Whether the block opens or not.
void summarize(std::string_view value) {
  zbag::BlockSummary summary;
  if (!zbag::read_summary(value, summary) || !summary.is_there()) return;
  static_cast<void>(zbag::read_summary_names(value, summary));
}

void open(std::string_view value) {
  const zbag::Result<zbag::Block> block = zbag::Block::open(value);
  summarize(value);
  if (!block) return;
  static_cast<void>(zbag::verify_summary(value));  // may say other than the block
  ZBAG_CHECK(zbag::read_block_header(value).has_value());
  for (const zbag::StoredPoint& point : block->points()) {
    static_cast<void>(zbag::decode_fields(point.map));  // may be refused, never read outside
  }
  zbag::Block lending = zbag::Block::open(value, zbag::Block::Maps::kLater).value();
  static_cast<void>(zbag::read_block_field(lending, {"x"}));
  static_cast<void>(zbag::read_block_field(lending, {"p", "a"}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string value(reinterpret_cast<const char*>(data), size);
  open(value);
  open(zbag::resealed(value));
  return 0;
}
