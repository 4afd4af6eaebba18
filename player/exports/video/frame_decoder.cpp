#include "player/exports/video/frame_decoder.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "schemas/item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

tl::unexpected<Error> undecoded() {
  return fail(ErrorCode::kUnsupported, "the picture is damaged or too large to be decoded");
}

constexpr std::size_t kPngBegin = 8;
constexpr std::size_t kPngChunk = 12;  // length, name and checksum around what it holds
constexpr std::array<std::string_view, 5> kPixelChunks{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"};

void take_pixel_chunks(std::span<const std::uint8_t> png, std::vector<std::uint8_t>& out) {
  out.assign(png.begin(), png.begin() + kPngBegin);
  std::size_t at = kPngBegin;
  while (png.size() - at >= kPngChunk) {
    const std::size_t size = item::load_be<std::uint32_t>(&png[at]) + kPngChunk;
    if (png.size() - at < size) return;
    const auto chunk = png.subspan(at, size);
    const std::string_view name = text_of(chunk.subspan(4, 4));
    if (std::find(kPixelChunks.begin(), kPixelChunks.end(), name) != kPixelChunks.end())
      out.insert(out.end(), chunk.begin(), chunk.end());
    at += size;
  }
}

AVPixelFormat format_of(const Picture& raw) {
  const PixelLayout& layout = *raw.layout;
  if (layout.channels == 1 && layout.bytes == 2)
    return raw.is_big_endian ? AV_PIX_FMT_GRAY16BE : AV_PIX_FMT_GRAY16LE;
  if (layout.channels == 1) return AV_PIX_FMT_GRAY8;
  if (layout.channels == 3) return layout.is_blue_first ? AV_PIX_FMT_BGR24 : AV_PIX_FMT_RGB24;
  return layout.is_blue_first ? AV_PIX_FMT_BGRA : AV_PIX_FMT_RGBA;
}

}  // namespace

FrameDecoder::FrameDecoder()
    : frame_(libav().av_frame_alloc()), packet_(libav().av_packet_alloc()) {}

Result<const AVFrame*> FrameDecoder::decode(const Picture& picture) {
  libav().av_frame_unref(frame_.get());
  Status decoded;
  if (picture.form == PictureForm::kJpeg) {
    decoded = decode_coded(AV_CODEC_ID_MJPEG, picture.bytes, jpeg_);
  } else if (picture.form == PictureForm::kPng) {
    take_pixel_chunks(picture.bytes, chunks_);
    decoded = decode_coded(AV_CODEC_ID_PNG, chunks_, png_);
  } else {
    decoded = take_raw(picture);
  }
  if (!decoded) return tl::unexpected(decoded.error());
  return frame_.get();
}

Status FrameDecoder::decode_coded(AVCodecID codec, std::span<const std::uint8_t> bytes,
                                  Libav<AVCodecContext>& decoder) {
  if (decoder == nullptr) {
    const AVCodec* const known = libav().avcodec_find_decoder(codec);
    decoder.reset(libav().avcodec_alloc_context3(known));
    decoder->max_pixels = Picture::kPixelsMax;
    decoder->err_recognition = AV_EF_EXPLODE;
    decoder->thread_count = 1;  // one picture in, one out
    const int opened = libav().avcodec_open2(decoder.get(), known, nullptr);
    if (opened < 0) return libav_failure(opened, "decoder of pictures");
  }
  if (libav().av_new_packet(packet_.get(), static_cast<int>(bytes.size())) < 0) return undecoded();
  std::memcpy(packet_->data, bytes.data(), bytes.size());
  packet_->flags |= AV_PKT_FLAG_KEY;  // else a PNG is taken for the difference to the one before
  const int sent = libav().avcodec_send_packet(decoder.get(), packet_.get());
  libav().av_packet_unref(packet_.get());
  const int received = libav().avcodec_receive_frame(decoder.get(), frame_.get());
  if (sent >= 0 && received >= 0) return {};
  libav().avcodec_flush_buffers(decoder.get());
  return undecoded();
}

// Copied, since the scaler may read behind a row.
Status FrameDecoder::take_raw(const Picture& picture) {
  frame_->format = format_of(picture);
  frame_->width = static_cast<int>(picture.width);
  frame_->height = static_cast<int>(picture.height);
  const int made = libav().av_frame_get_buffer(frame_.get(), 0);
  if (made < 0) return libav_failure(made, "frame");
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    const auto row = picture.row(y);
    std::memcpy(frame_->data[0] + static_cast<std::ptrdiff_t>(y) * frame_->linesize[0], row.data(),
                row.size());
  }
  return {};
}

}  // namespace zbag
