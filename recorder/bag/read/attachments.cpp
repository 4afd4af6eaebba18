#include "recorder/bag/read/attachments.hpp"

#include <algorithm>

#include "recorder/bag/pages/each_entry.hpp"
#include "recorder/bag/records/record_checksum.hpp"

namespace zbag {

Result<std::vector<AttachmentSize>> attachments_of(const BagReader& reader) {
  BagFile& bag = *reader.file();
  const Result<std::unique_ptr<ReadTxn>> txn = bag.read();
  if (!txn) return tl::unexpected(txn.error());
  std::vector<AttachmentSize> found;
  Status read = each_entry(**txn, bag.tables().attachments, {}, [&](const TableCursor::Item& item) {
    const std::size_t sum = std::min(kRecordSumBytes, item.value.size());
    found.push_back({std::string(item.key), item.value.size() - sum});
    return Status();
  });
  if (!read) return tl::unexpected(read.error());
  return found;
}

}  // namespace zbag
