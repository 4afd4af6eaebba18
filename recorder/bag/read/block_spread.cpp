#include "recorder/bag/read/block_spread.hpp"

#include <algorithm>
#include <memory>

#include "recorder/bag/block/header.hpp"
#include "recorder/bag/pages/each_entry.hpp"
#include "recorder/bag/pages/meta_pages.hpp"
#include "recorder/bag/pages/page_walk.hpp"
#include "recorder/bag/records/layout.hpp"

namespace zbag {
namespace {

// LMDB puts a value of more than half a page on pages of its own.
std::uint64_t bytes_on_pages(std::uint64_t value_bytes, std::uint64_t page_bytes) {
  if (value_bytes < page_bytes / 2) return value_bytes;
  return PageFile::pages_of(value_bytes, page_bytes) * page_bytes;
}

// The main block before, of the same track.
struct Before {
  std::uint32_t track = 0;
  std::uint32_t count = 0;
  std::int64_t first = 0;
};

void note(const Before& before, std::int64_t first, std::map<std::uint32_t, RateSpread>& rates) {
  const double seconds =
      (static_cast<double>(first) - static_cast<double>(before.first)) / 1e9;  // may be far apart
  if (!(seconds > 0.0)) return;
  const double rate = before.count / seconds;
  const auto [it, is_new] = rates.try_emplace(before.track, RateSpread{rate, rate});
  if (is_new) return;
  it->second.min_hz = std::min(it->second.min_hz, rate);
  it->second.max_hz = std::max(it->second.max_hz, rate);
}

}  // namespace

Result<BlockSpread> read_block_spread(BagFile& file) {
  const Result<MetaPages> meta = read_meta_pages(file.path());
  if (!meta) return tl::unexpected(meta.error());
  Result<std::unique_ptr<ReadTxn>> txn = file.read();
  if (!txn) return tl::unexpected(txn.error());
  BlockSpread spread;
  std::optional<Before> before;
  const Status walked =
      each_entry(**txn, file.tables().blocks, "", [&](const TableCursor::Item& item) -> Status {
        spread.page_bytes += item.key.size() + bytes_on_pages(item.value.size(), meta->page_bytes);
        const std::optional<BlockKey> key = BlockKey::decode(item.key);
        const Result<BlockHeader> header = read_block_header(item.value);
        if (!key || !header || key->is_late() || header->count == 0) return {};
        if (before && before->track == key->track) note(*before, key->first, spread.rates);
        before = Before{key->track, header->count, key->first};
        return {};
      });
  if (!walked) return tl::unexpected(walked.error());
  return spread;
}

}  // namespace zbag
