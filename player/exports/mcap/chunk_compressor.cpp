#include "player/exports/mcap/chunk_compressor.hpp"

#include <fmt/format.h>
#include <lz4frame.h>
#include <zstd.h>

#include <utility>

#include "schemas/check.hpp"

namespace zbag {
namespace {

struct Levels {
  const char* name;
  unsigned lowest;
  unsigned usual;
  unsigned highest;  // of zstd those above take memory by the gigabyte
};
constexpr Levels kLz4{"lz4", 0, 0, 12};
constexpr Levels kZstd{"zstd", 1, 1, 19};

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

Result<ChunkCompressor> ChunkCompressor::make(const std::string& given,
                                              std::optional<unsigned> level) {
  const std::string name = given.empty() ? kZstd.name : given;
  if (name == "none" && level)
    return fail(ErrorCode::kInvalid, "a compression level is of lz4 or zstd, and there is none");
  if (name == "none") return ChunkCompressor({}, 0);
  const Levels& levels = name == kLz4.name ? kLz4 : kZstd;
  ZBAG_CHECK(name == levels.name);
  if (level && (*level < levels.lowest || *level > levels.highest)) {
    return fail(ErrorCode::kInvalid, fmt::format("compression level {}: {} has {} to {}", *level,
                                                 name, levels.lowest, levels.highest));
  }
  ChunkCompressor compressor(name, static_cast<int>(level.value_or(levels.usual)));
  if (name == kZstd.name) compressor.zstd_ = std::make_unique<Zstd>();
  return compressor;
}

ChunkCompressor::ChunkCompressor(std::string name, int level)
    : name_(std::move(name)), level_(level) {}
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
