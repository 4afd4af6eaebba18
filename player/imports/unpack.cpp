#include "player/imports/unpack.hpp"

#include <bzlib.h>
#include <fmt/format.h>
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>

#include "schemas/no_room.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

bool unpack_lz4(std::span<const std::uint8_t> packed, Bytes& unpacked) {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0) return false;
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(
      made, LZ4F_freeDecompressionContext);
  std::size_t done = 0;
  while (true) {
    std::size_t room = unpacked.size() - done;
    std::size_t taken = packed.size();
    const std::size_t hint = LZ4F_decompress(context.get(), unpacked.data() + done, &room,
                                             packed.data(), &taken, nullptr);
    if (LZ4F_isError(hint) != 0) return false;
    done += room;
    packed = packed.subspan(taken);
    if (hint == 0) return packed.empty() && done == unpacked.size();
    if (taken == 0 && room == 0) return false;
  }
}

bool unpack_zstd_frame(std::span<const std::uint8_t> packed, Bytes& unpacked) {
  const std::size_t size =
      ZSTD_decompress(unpacked.data(), unpacked.size(), packed.data(), packed.size());
  return ZSTD_isError(size) == 0 && size == unpacked.size();
}

bool unpack_bz2(std::span<const std::uint8_t> packed, Bytes& unpacked) {
  constexpr std::size_t kMost = std::numeric_limits<unsigned>::max();
  if (packed.size() > kMost) return false;
  auto size = static_cast<unsigned>(unpacked.size());
  // The library does not write through its source, which it takes as one that may be written.
  auto* const source = reinterpret_cast<char*>(const_cast<std::uint8_t*>(packed.data()));
  const int rc = BZ2_bzBuffToBuffDecompress(reinterpret_cast<char*>(unpacked.data()), &size, source,
                                            static_cast<unsigned>(packed.size()), 0, 0);
  return rc == BZ_OK && size == unpacked.size();
}

}  // namespace

Status unpack(std::string_view compression, std::span<const std::uint8_t> packed, std::size_t size,
              Bytes& unpacked) {
  if (size > kUnpackedMax) {
    return fail(ErrorCode::kInvalid,
                fmt::format("a piece of {} bytes, where {} are the most", size, kUnpackedMax));
  }
  const bool is_plain = compression.empty() || compression == "none";
  const auto decode = compression == "lz4"    ? unpack_lz4
                      : compression == "zstd" ? unpack_zstd_frame
                      : compression == "bz2"  ? unpack_bz2
                                              : nullptr;
  if (!is_plain && decode == nullptr) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("compression {} is not known", printable(std::string(compression))));
  }
  if (is_plain) {
    unpacked.assign(packed.begin(), packed.end());
    if (unpacked.size() == size) return {};
  } else {
    unpacked.resize(size);
    if (decode(packed, unpacked)) return {};
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("{} data that is not whole", is_plain ? "plain" : compression));
}

Status unpack_zstd(std::span<const std::uint8_t> packed, Bytes& unpacked) {
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
    return fail(ErrorCode::kInvalid, "no zstd data that say their size");
  return unpack("zstd", packed, size, unpacked);
}

Status unpack_zstd_file(InputFile& packed, std::FILE* to, std::uint64_t size_max,
                        const std::function<bool()>& goes_on) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          ZSTD_freeDStream);
  Bytes in;
  Bytes out(ZSTD_DStreamOutSize());
  std::uint64_t size = 0;
  std::size_t hint = 1;
  while (packed.left() > 0) {
    if (goes_on && !goes_on()) return fail(ErrorCode::kClosed, packed.path() + ": stopped");
    const std::uint64_t part = std::min<std::uint64_t>(packed.left(), ZSTD_DStreamInSize());
    if (Status got = packed.read(part, part, in); !got) return got;
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    // The last byte is taken when all that it leads to is out.
    while (from.pos < from.size) {
      ZSTD_outBuffer into{out.data(), out.size(), 0};
      hint = ZSTD_decompressStream(stream.get(), &into, &from);
      if (ZSTD_isError(hint) != 0)
        return packed.fault(ErrorCode::kDamaged, "zstd data that is not whole");
      size += into.pos;
      if (size > size_max)
        return packed.fault(ErrorCode::kDiskFull,
                            "it unpacks to more than half of what is free for temporary files");
      if (std::fwrite(out.data(), 1, into.pos, to) != into.pos)
        return fail(is_no_room(errno) ? ErrorCode::kDiskFull : ErrorCode::kIo,
                    std::string("temporary file: ") + std::strerror(errno));
    }
  }
  if (hint != 0) return packed.fault(ErrorCode::kDamaged, "the file is cut off");
  if (std::fflush(to) != 0)
    return fail(is_no_room(errno) ? ErrorCode::kDiskFull : ErrorCode::kIo,
                std::string("temporary file: ") + std::strerror(errno));
  return {};
}

}  // namespace zbag
