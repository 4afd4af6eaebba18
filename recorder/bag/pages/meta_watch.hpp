// Tells whether the meta pages of a bag are still those its writer has left there: not so once
// somebody has written over the file.
//
// The page of the newest transaction stays byte for byte what it is while the next one is
// committed, which writes the other one: so looking goes beside a commit. Costs two small reads.
//
// note() belongs to whoever commits, after each commit and before the next. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "recorder/bag/pages/meta_pages.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

class MetaWatch {
 public:
  // `fd` is of the open file and outlives this. Notes what is there now.
  explicit MetaWatch(int fd) : fd_(fd) { note(); }

  // What is there now is the writer's, unless no commit of ours can have made it.
  void note();
  bool is_ours() const;

 private:
  using Page = std::array<std::uint8_t, kMetaPageBytes>;
  struct Newest {
    Page bytes;
    MetaPages meta;
    std::uint64_t offset = 0;
  };
  std::optional<Newest> read() const;
  std::optional<Page> read_at(std::uint64_t offset) const;

  const int fd_;
  mutable Mutex mutex_;
  std::optional<Newest> newest_ ZBAG_GUARDED_BY(mutex_);
};

}  // namespace zbag
