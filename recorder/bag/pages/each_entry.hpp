// Goes through the entries of a table.
#pragma once

#include <optional>
#include <string_view>

#include "recorder/bag/pages/lmdb.hpp"

namespace zbag {

// Calls `take` for every entry whose key begins with `prefix`, in order of key, until it gives an
// error. The entry's views are valid until the transaction ends.
template <class Take>
Status each_entry(const Txn& txn, Table table, std::string_view prefix, Take take) {
  Result<TableCursor> cursor = TableCursor::open(txn, table);
  if (!cursor) return tl::unexpected(cursor.error());
  Result<std::optional<TableCursor::Item>> item =
      prefix.empty() ? cursor->first() : cursor->seek(prefix);
  while (item && *item && (*item)->key.starts_with(prefix)) {
    if (Status status = take(**item); !status) return status;
    item = cursor->next();
  }
  if (!item) return tl::unexpected(item.error());
  return {};
}

}  // namespace zbag
