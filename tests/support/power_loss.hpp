// What a disk may hold of one file after the power was lost, from a log of the calls made to it.
//
// The model. A sector of 512 bytes is written whole or not at all. Every sector holds, whatever the
// others hold, what the file had there when it was last synced or at any write to it since: so each
// unsynced write is there, missing, or torn into any of its sectors, and writes reach the disk in
// any order. The length is the one last synced or any that the file had, or grew through, since.
// A sync that returned has made all of the file durable; a write through a descriptor with O_DSYNC
// just its own sectors and the length it needs. A name is durable once its folder was synced.
// The call under way at the cut has happened in part, or not at all, but is not yet synced.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "schemas/check.hpp"
#include "tests/support/disk_calls.hpp"

namespace zbag {

// Which promises of the disk are taken back, to prove that a test would notice.
enum class DiskLies : std::uint8_t { kNone, kAboutTheLastSync, kAboutOwnSyncs };

class PowerLoss {
 public:
  // REQUIRES: `calls` outlives this.
  PowerLoss(const std::vector<DiskCall>& calls, DiskFile file, DiskLies lies = DiskLies::kNone)
      : calls_(calls), file_(file), lies_(lies) {}
  // Of a file that lay on the disk already, as `before`.
  PowerLoss(const std::vector<DiskCall>& calls, DiskFile file, const std::string& before)
      : calls_(calls),
        file_(file),
        lies_(DiskLies::kNone),
        cache_(before),
        durable_(before),
        durable_length_(before.size()),
        named_(true),
        name_durable_(true) {}

  // Moves to the instant at which all calls before `cut` have returned and that one is under way.
  // Only forwards.
  void advance(std::size_t cut) {
    ZBAG_CHECK(cut >= next_ && cut < calls_.size());
    while (next_ < cut) {
      const DiskCall& call = calls_[next_++];
      if (call.kind == DiskCall::Kind::kSync && call.file == folder_ && named_)
        name_durable_ = true;
      if (call.file != file_) continue;
      if (call.kind == DiskCall::Kind::kName) {
        named_ = true;
        folder_ = call.folder;
      } else if (call.kind == DiskCall::Kind::kSync) {
        // A disk that lies about its last sync has done it by the one after.
        sync(lies_ == DiskLies::kAboutTheLastSync ? at_sync_ : pending_.size());
      } else {
        note(call);
        const bool is_own_sync = call.syncs_itself && lies_ != DiskLies::kAboutOwnSyncs;
        if (is_own_sync) sync_sectors(pending_.back());
      }
    }
  }

  // Whether the file is there under its name: not when that was never said to be durable, and the
  // power failed early.
  bool is_named(std::mt19937_64& random) const {
    return name_durable_ || (named_ && random() % 2 == 0);
  }

  // One of the files the disk may hold. REQUIRES: advance() was called.
  std::string image(std::mt19937_64& random) {
    const std::size_t settled = pending_.size();
    const std::string cache = cache_;
    const DiskCall& under_way = calls_[next_];
    if (under_way.file == file_ &&
        (under_way.kind == DiskCall::Kind::kWrite || under_way.kind == DiskCall::Kind::kResize))
      note(under_way);
    std::string disk = torn(random);
    pending_.resize(settled);
    cache_ = cache;
    return disk;
  }

 private:
  static constexpr std::size_t kSector = 512;
  struct Write {
    std::size_t first = 0;   // byte, of a sector's begin
    std::string sectors;     // what the file held there after the write
    std::size_t length = 0;  // of the file, after the write
  };

  void note(const DiskCall& call) {
    if (call.kind == DiskCall::Kind::kResize) {
      cache_.resize(call.offset);
      pending_.push_back({0, {}, call.offset});
      return;
    }
    if (call.kind != DiskCall::Kind::kWrite) return;
    const std::size_t end = call.offset + call.data.size();
    if (cache_.size() < end) cache_.resize(end);
    std::copy(call.data.begin(), call.data.end(),
              cache_.begin() + static_cast<std::ptrdiff_t>(call.offset));
    const std::size_t first = call.offset / kSector * kSector;
    const std::size_t limit = (end + kSector - 1) / kSector * kSector;
    pending_.push_back({first, cache_.substr(first, limit - first), cache_.size()});
    pending_.back().sectors.resize(limit - first);
  }

  static void put(std::string& disk, std::size_t at, std::string_view bytes) {
    if (disk.size() < at + bytes.size()) disk.resize(at + bytes.size());
    std::copy(bytes.begin(), bytes.end(), disk.begin() + static_cast<std::ptrdiff_t>(at));
  }

  // The first `count` pending writes are durable.
  void sync(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      put(durable_, pending_[i].first, pending_[i].sectors);
      durable_length_ = pending_[i].length;
      if (pending_[i].sectors.empty()) durable_.resize(durable_length_);
    }
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
    at_sync_ = pending_.size();
  }

  // Makes the sectors of one write durable: older versions of them can no longer come back.
  void sync_sectors(const Write& through) {
    put(durable_, through.first, through.sectors);
    durable_length_ =
        std::max(durable_length_, std::min(through.length, through.first + through.sectors.size()));
    for (Write& write : pending_) {
      const std::size_t from = std::max(write.first, through.first);
      const std::size_t to =
          std::min(write.first + write.sectors.size(), through.first + through.sectors.size());
      for (std::size_t at = from; at < to; ++at)
        write.sectors[at - write.first] = through.sectors[at - through.first];
    }
  }

  // Writes those sectors of `write` that have reached the disk.
  void tear(std::string& disk, const Write& write, std::mt19937_64& random) {
    const std::size_t count = write.sectors.size() / kSector;
    if (count == 0) return;
    const std::size_t a = random() % (count + 1);
    const std::size_t b = a + random() % (count + 1 - a);
    const std::uint64_t shape = random() % 4;
    for (std::size_t i = 0; i < count; ++i) {
      const bool inside = i >= a && i < b;
      const bool reaches = shape == 0   ? i < a
                           : shape == 1 ? i >= a
                           : shape == 2 ? !inside
                                        : random() % 2;
      if (reaches)
        put(disk, write.first + i * kSector,
            std::string_view(write.sectors).substr(i * kSector, kSector));
    }
  }

  std::string torn(std::mt19937_64& random) {
    std::string disk = durable_;
    // Most crashes find nearly all or nearly nothing of a burst of writes on the disk.
    struct Share {
      std::uint64_t whole;  // percent of the writes
      std::uint64_t torn;
    };
    constexpr Share kShares[] = {{0, 0}, {5, 45}, {50, 25}, {95, 3}, {100, 0}};
    const Share share = kShares[random() % 5];
    std::vector<std::size_t> order(pending_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (random() % 2 == 0) std::shuffle(order.begin(), order.end(), random);
    std::size_t longest = durable_length_;
    std::size_t shortest = durable_length_;
    for (const std::size_t i : order) {
      const Write& write = pending_[i];
      longest = std::max(longest, write.length);
      shortest = std::min(shortest, write.length);
      const std::uint64_t fate = random() % 100;
      if (fate < share.whole) {
        put(disk, write.first, write.sectors);
      } else if (fate < share.whole + share.torn) {
        tear(disk, write, random);
      }
    }
    const std::size_t last = pending_.empty() ? durable_length_ : pending_.back().length;
    const std::size_t grown =
        shortest + (longest > shortest ? random() % (longest - shortest) : 0) / kSector * kSector;
    const std::size_t lengths[] = {durable_length_, last, grown};
    disk.resize(lengths[random() % 3]);
    return disk;
  }

  const std::vector<DiskCall>& calls_;
  const DiskFile file_;
  const DiskLies lies_;
  std::size_t next_ = 0;
  std::string cache_;    // what the program sees
  std::string durable_;  // what no loss of power takes away
  std::size_t durable_length_ = 0;
  std::vector<Write> pending_;
  std::size_t at_sync_ = 0;  // of the pending writes, those before the last sync
  DiskFile folder_;
  bool named_ = false;
  bool name_durable_ = false;
};

}  // namespace zbag
