// Damaged records that a cursor tells of before it gives points: the first is an error of its
// next() until it is skipped. Not thread-safe.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "recorder/bag/pages/lmdb.hpp"
#include "recorder/bag/read/cursor.hpp"
#include "schemas/result.hpp"

namespace zbag {

class BadRecords {
 public:
  // `track`: the name it has, which may be what is damaged.
  void add(std::string_view track, Error error) {
    records_.emplace_back(std::string(track), std::move(error));
  }
  // What is lost of the journal, as `txn` has it: of whatever tracks.
  void add_journal(const Txn& txn) {
    if (!txn.overlay()) return;
    for (const std::string& what : txn.overlay()->damage()) add({}, {ErrorCode::kDamaged, what});
  }

  bool has_any() const { return !records_.empty(); }
  // kDamaged names `path` and the first of them; well: there are none.
  Status first(const std::string& path) const {
    if (records_.empty()) return {};
    return fail(records_.front().second, path);
  }
  // Leaves it out; nullopt: there was none.
  std::optional<BagCursor::Damage> skip() {
    if (records_.empty()) return std::nullopt;
    BagCursor::Damage all{std::move(records_.front().first), TimeRange::all().first,
                          TimeRange::all().last};
    records_.pop_front();
    return all;
  }

 private:
  std::deque<std::pair<std::string, Error>> records_;  // with the names of their tracks
};

}  // namespace zbag
