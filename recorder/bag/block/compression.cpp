#include "recorder/bag/block/compression.hpp"

#include <lz4.h>
#include <zstd.h>

#include <climits>

#include "schemas/check.hpp"

namespace zbag {

struct Compressor::Zstd {
  struct Free {
    void operator()(ZSTD_CCtx* made) const { ZSTD_freeCCtx(made); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
};

Compressor::Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

std::size_t Compressor::append(std::span<const std::uint8_t> raw, CompressionSpec spec,
                               std::vector<std::uint8_t>& out) {
  ZBAG_CHECK(spec.kind != Compression::kNone && raw.size() < INT_MAX);
  if (raw.empty()) return 0;
  const std::size_t begin = out.size();
  // A result that is no smaller is of no use, so there need be no room for it.
  const std::size_t room = raw.size() - 1;
  out.resize(begin + room);
  std::size_t size = 0;
  if (spec.kind == Compression::kLz4) {
    size = static_cast<std::size_t>(LZ4_compress_default(
        reinterpret_cast<const char*>(raw.data()), reinterpret_cast<char*>(out.data() + begin),
        static_cast<int>(raw.size()), static_cast<int>(room)));
  } else {
    if (!zstd_) zstd_ = std::make_unique<Zstd>();
    size = ZSTD_compressCCtx(zstd_->context.get(), out.data() + begin, room, raw.data(), raw.size(),
                             spec.level);
    if (ZSTD_isError(size) != 0) size = 0;
  }
  out.resize(begin + size);
  return size;
}

bool decompress(Compression kind, std::span<const std::uint8_t> stored,
                std::span<std::uint8_t> raw) {
  if (stored.size() > INT_MAX || raw.size() > INT_MAX) return false;
  if (kind == Compression::kLz4) {
    const int size = LZ4_decompress_safe(
        reinterpret_cast<const char*>(stored.data()), reinterpret_cast<char*>(raw.data()),
        static_cast<int>(stored.size()), static_cast<int>(raw.size()));
    return size >= 0 && static_cast<std::size_t>(size) == raw.size();
  }
  return kind == Compression::kZstd &&
         ZSTD_decompress(raw.data(), raw.size(), stored.data(), stored.size()) == raw.size();
}

}  // namespace zbag
