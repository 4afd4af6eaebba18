// General compression of bytes: lz4 and zstd, the only file that knows them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace zbag {

// On disk: append only.
enum class Compression : std::uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };

struct CompressionSpec {
  Compression kind = Compression::kLz4;
  int level = 1;  // zstd only
};

// Compresses one piece after another; keeps zstd's working memory between them. Not thread-safe.
class Compressor {
 public:
  Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  ~Compressor();

  // Appends `raw` compressed to `out` and returns how many bytes that took; 0, with `out` as it
  // was, when it would not have become smaller. REQUIRES: spec.kind is not kNone.
  std::size_t append(std::span<const std::uint8_t> raw, CompressionSpec spec,
                     std::vector<std::uint8_t>& out);

 private:
  struct Zstd;
  std::unique_ptr<Zstd> zstd_;  // made when first needed
};

// Fills `raw` with what `stored` decompresses to; false when it is not exactly that many bytes.
// Takes bytes of strangers: never writes outside `raw`.
bool decompress(Compression kind, std::span<const std::uint8_t> stored,
                std::span<std::uint8_t> raw);

}  // namespace zbag
