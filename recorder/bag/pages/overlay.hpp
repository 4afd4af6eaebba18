// Entries that belong into tables and are not written there yet. A transaction that is given one
// reads its tables as if they were (lmdb.hpp): an entry hides that of its key in the table.
//
// Not thread-safe; what is shared is not changed. Memory: the entries.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zbag {

class Overlay {
 public:
  using Table = unsigned;
  using Entries = std::map<std::string, std::string, std::less<>>;

  void put(Table table, std::string_view key, std::string value) {
    tables_[table].insert_or_assign(std::string(key), std::move(value));
  }
  // Null when there are none of that table.
  const Entries* of(Table table) const {
    const auto entries = tables_.find(table);
    return entries == tables_.end() || entries->second.empty() ? nullptr : &entries->second;
  }
  const std::map<Table, Entries>& tables() const { return tables_; }

  // What could not be taken of where the entries come from.
  void note_damage(std::string what) { damage_.push_back(std::move(what)); }
  const std::vector<std::string>& damage() const { return damage_; }

 private:
  std::map<Table, Entries> tables_;
  std::vector<std::string> damage_;
};

}  // namespace zbag
