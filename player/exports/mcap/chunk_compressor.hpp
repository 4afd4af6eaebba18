// Compresses chunks of an MCAP file: lz4 in its frame format, zstd; the only file that knows those.
// Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace zbag {

class ChunkCompressor {
 public:
  // REQUIRES: `name` is none, lz4 or zstd, and `level` one that it has: make_exporter() looks.
  ChunkCompressor(const std::string& name, std::optional<unsigned> level);
  ChunkCompressor(ChunkCompressor&&) noexcept;
  ChunkCompressor& operator=(ChunkCompressor&&) noexcept;
  ~ChunkCompressor();

  // As MCAP calls it; empty: none.
  const std::string& name() const { return name_; }
  // Makes `out` what `raw` compresses to; false where that would not be smaller: `out` holds
  // nothing of use then.
  bool compress(std::string_view raw, std::string& out);

 private:
  struct Zstd;

  std::string name_;
  int level_ = 0;
  std::unique_ptr<Zstd> zstd_;  // its working memory
};

}  // namespace zbag
