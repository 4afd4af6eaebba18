// Any bytes as a stored block, as they are and with the checksum made right, so that the decoder
// behind the checksum is reached. What opens is read in full.
#include <xxhash.h>

#include <cstring>
#include <string>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/block/block_fields.hpp"
#include "schemas/check.hpp"
#include "schemas/frame.hpp"

namespace {

constexpr std::size_t kChecksumOffset = 48;

void open(std::string_view value) {
  const zbag::Result<zbag::Block> block = zbag::Block::open(value);
  if (!block) return;
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
  std::string value(reinterpret_cast<const char*>(data), size);
  open(value);
  if (size < kChecksumOffset + sizeof(std::uint64_t)) return 0;
  std::memset(value.data() + kChecksumOffset, 0, sizeof(std::uint64_t));
  const std::uint64_t checksum = XXH3_64bits(value.data(), value.size());
  std::memcpy(value.data() + kChecksumOffset, &checksum, sizeof checksum);
  open(value);
  return 0;
}
