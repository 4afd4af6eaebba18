#include "player/exports/mcap/chunk_compressor.hpp"

#include <lz4frame.h>
#include <zstd.h>

#include "schemas/check.hpp"

namespace zbag {
namespace {

std::size_t compress_lz4(std::string_view raw, int level, std::string& out) {
  LZ4F_preferences_t wishes{};
  wishes.compressionLevel = level;
  wishes.frameInfo.contentSize = raw.size();
  out.resize(LZ4F_compressFrameBound(raw.size(), &wishes));
  const std::size_t size =
      LZ4F_compressFrame(out.data(), out.size(), raw.data(), raw.size(), &wishes);
  return LZ4F_isError(size) != 0 ? raw.size() : size;
}

}  // namespace

struct ChunkCompressor::Zstd {
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context{ZSTD_createCCtx(), ZSTD_freeCCtx};

  std::size_t compress(std::string_view raw, int level, std::string& out) const {
    out.resize(ZSTD_compressBound(raw.size()));
    const std::size_t size =
        ZSTD_compressCCtx(context.get(), out.data(), out.size(), raw.data(), raw.size(), level);
    return ZSTD_isError(size) != 0 ? raw.size() : size;
  }
};

ChunkCompressor::ChunkCompressor(const std::string& name, std::optional<unsigned> level) {
  if (name == "none") return;
  name_ = name;
  const bool is_zstd = name == "zstd";
  ZBAG_CHECK(is_zstd || name == "lz4");
  level_ = static_cast<int>(level.value_or(is_zstd ? 1 : 0));
  if (is_zstd) zstd_ = std::make_unique<Zstd>();
}
ChunkCompressor::ChunkCompressor(ChunkCompressor&&) noexcept = default;
ChunkCompressor& ChunkCompressor::operator=(ChunkCompressor&&) noexcept = default;
ChunkCompressor::~ChunkCompressor() = default;

bool ChunkCompressor::compress(std::string_view raw, std::string& out) {
  if (name_.empty()) return false;
  const std::size_t size =
      zstd_ ? zstd_->compress(raw, level_, out) : compress_lz4(raw, level_, out);
  if (size >= raw.size()) return false;
  out.resize(size);
  return true;
}

}  // namespace zbag
