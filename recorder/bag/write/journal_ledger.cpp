#include "recorder/bag/write/journal_ledger.hpp"

namespace zbag {

void JournalLedger::need(std::uint32_t track) {
  if (needs_.try_emplace(track, next_).second) by_record_.emplace(next_, track);
}

void JournalLedger::release(std::uint32_t track) {
  const auto need = needs_.find(track);
  if (need == needs_.end()) return;
  by_record_.erase({need->second, track});
  needs_.erase(need);
}

std::optional<std::uint32_t> JournalLedger::neediest() const {
  if (by_record_.empty()) return std::nullopt;
  return by_record_.begin()->second;
}

void JournalLedger::end_commit(std::size_t bytes) {
  if (bytes > 0) records_.emplace_back(next_, bytes);
  bytes_ += bytes;
  ++next_;
}

std::vector<std::uint64_t> JournalLedger::take_unneeded(std::size_t max) {
  const std::uint64_t needed = by_record_.empty() ? next_ : by_record_.begin()->first;
  std::vector<std::uint64_t> taken;
  while (taken.size() < max && !records_.empty() && records_.front().first < needed) {
    taken.push_back(records_.front().first);
    bytes_ -= records_.front().second;
    records_.pop_front();
  }
  return taken;
}

}  // namespace zbag
