// What a writer asks of the disk and of the kernel beside its pages: room that is set aside, and
// cache that is let go of.
//
// Room is set aside beyond the end of the file, so that what was accepted can still be written when
// somebody else fills the disk meanwhile. All of it belongs to the thread that stores.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/pages/cache_keeper.hpp"
#include "schemas/result.hpp"

namespace zbag {

class WriterSpace {
 public:
  struct Limits {
    std::uint64_t min_free_bytes = 0;  // of the disk, that are to stay free
    std::uint64_t reserve_bytes = 0;   // to be set aside

    std::uint64_t wanted() const { return min_free_bytes + reserve_bytes; }
  };
  // Whether the disk that `folder` lies on has what the limits ask for; yes when nobody can tell.
  static bool has_disk(const std::string& folder, const Limits& limits);

  // `file` is lent: open to write.
  WriterSpace(BagFile& file, Limits limits);

  // Sets room aside ahead of what is written. False when the disk has less than the limits ask for.
  bool reserve_ahead();
  // Until reserve_ahead() is called again.
  void give_back_reserve();

  // Commits, starting the disk while pages are copied where that is worth it.
  Status commit(WriteTxn& txn, std::uint64_t block_bytes);
  // Lets go of what is on disk, but for the newest, which live readers want.
  void release_cache();
  void release_whole_cache();

 private:
  CacheKeeper& cache_keeper();

  BagFile* file_;
  Limits limits_;
  std::uint64_t reserved_to_;
  std::uint64_t released_to_;
  std::unique_ptr<CacheKeeper> cache_keeper_;  // made when there is enough to look after
};

}  // namespace zbag
