// Records of a bag as they are met on its pages, the newest state of each kept. Not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "recorder/bag/read/summary.hpp"
#include "recorder/bag/records/layout.hpp"

namespace zbag {

using JournalValues = std::map<std::uint64_t, std::string_view>;  // as stored, by number

class RecordShelf {
 public:
  // Takes a record, of whatever table its checksum says; anything else is passed over. Attachments
  // and the journal are lent.
  void take(std::string_view key, std::string_view value);
  // REQUIRES: its checksum is right.
  void take(std::string_view table, std::string_view key, std::string_view value);

  BagSummary records() &&;
  const std::map<std::string, std::string_view>& attachments() const { return attachments_; }
  const JournalValues& journal() const { return journal_; }

  // How far the recording had come: greater is later. What only grows comes first; loss is settled
  // when a recording ends.
  using Counters = std::array<std::uint64_t, 4>;
  using Newness = std::tuple<std::size_t, std::uint64_t, Counters, std::size_t, std::size_t>;
  Newness newness() const;

 private:
  static Counters counters_of(const TrackRecord& track);
  void take_meta(std::string_view key, std::string_view value);
  void take_run(std::string_view key, std::string_view value);
  void take_track(std::string_view name, std::string_view value);
  void take_loss(std::string_view key, std::string_view value);

  BagRecord bag_{.format = 0};
  Fate unnamed_;
  std::map<std::uint32_t, RunRecord> runs_;
  std::map<std::string, TrackRecord> tracks_;
  std::map<std::string, LossRecord> losses_;
  std::map<std::string, std::string_view> attachments_;
  JournalValues journal_;
};

}  // namespace zbag
