#include "player/video/jpeg_encoder.hpp"

#include <fmt/format.h>

#include <utility>

namespace zbag {
namespace {

constexpr int kQuality = 2;  // of 2, the best, to 31
constexpr int kScaling = SWS_BICUBIC | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND;
// Numbers from 0 to 255, as JPEG has them.
constexpr AVPixelFormat kPixels = AV_PIX_FMT_YUVJ420P;

// Whose numbers go from 0 to 255, too, is told by another name of its pixels.
AVPixelFormat pixels_of(const AVFrame& frame) {
  const auto pixels = static_cast<AVPixelFormat>(frame.format);
  if (frame.color_range != AVCOL_RANGE_JPEG) return pixels;
  switch (pixels) {
    case AV_PIX_FMT_YUV420P:
      return AV_PIX_FMT_YUVJ420P;
    case AV_PIX_FMT_YUV422P:
      return AV_PIX_FMT_YUVJ422P;
    case AV_PIX_FMT_YUV444P:
      return AV_PIX_FMT_YUVJ444P;
    default:
      return pixels;
  }
}

// What a video that does not say it is taken for.
bool is_of_jpeg(AVColorSpace space) {
  return space == AVCOL_SPC_UNSPECIFIED || space == AVCOL_SPC_RGB || space == AVCOL_SPC_BT470BG ||
         space == AVCOL_SPC_SMPTE170M;
}

}  // namespace

JpegEncoder::JpegEncoder() : frame_(libav().av_frame_alloc()), packet_(libav().av_packet_alloc()) {}

JpegEncoder::Form JpegEncoder::form_of(const AVFrame& frame) {
  return {.width = frame.width,
          .height = frame.height,
          .pixels = pixels_of(frame),
          .space = is_of_jpeg(frame.colorspace) ? AVCOL_SPC_UNSPECIFIED : frame.colorspace};
}

Result<std::span<const std::uint8_t>> JpegEncoder::encode(const AVFrame& frame) {
  if (const Form form = form_of(frame); form != form_) {
    form_ = {};
    if (Status begun = begin(form); !begun) return tl::unexpected(begun.error());
    form_ = form;
  }
  const int writable = libav().av_frame_make_writable(frame_.get());
  if (writable < 0) return libav_failure(writable, "frame");
  libav().sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, frame_->data,
                    frame_->linesize);
  frame_->quality = encoder_->global_quality;
  frame_->pts = frame_->pts + 1;
  libav().av_packet_unref(packet_.get());
  const int sent = libav().avcodec_send_frame(encoder_.get(), frame_.get());
  if (sent < 0) return libav_failure(sent, "encoder of JPEG");
  const int received = libav().avcodec_receive_packet(encoder_.get(), packet_.get());
  if (received < 0) return libav_failure(received, "encoder of JPEG");
  return std::span<const std::uint8_t>(packet_->data, static_cast<std::size_t>(packet_->size));
}

Status JpegEncoder::begin(const Form& form) {
  if (Status opened = open_scaler(form); !opened) return opened;
  const AVCodec* const known = libav().avcodec_find_encoder_by_name("mjpeg");
  if (known == nullptr) {
    return fail(ErrorCode::kUnsupported,
                "FFmpeg's libraries are built without the encoder mjpeg: take --videos reference");
  }
  encoder_.reset(libav().avcodec_alloc_context3(known));
  encoder_->width = form.width;
  encoder_->height = form.height;
  encoder_->pix_fmt = kPixels;
  encoder_->color_range = AVCOL_RANGE_JPEG;
  encoder_->time_base = {1, 25};  // it wants one
  encoder_->flags |= AV_CODEC_FLAG_QSCALE;
  encoder_->global_quality = kQuality * FF_QP2LAMBDA;
  encoder_->thread_count = 1;  // one picture in, one out
  if (libav().avcodec_open2(encoder_.get(), known, nullptr) < 0) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("a picture of {} x {}, which JPEG does not have", form.width, form.height));
  }
  libav().av_frame_unref(frame_.get());
  frame_->format = kPixels;
  frame_->color_range = AVCOL_RANGE_JPEG;
  frame_->width = form.width;
  frame_->height = form.height;
  frame_->pts = 0;
  const int made = libav().av_frame_get_buffer(frame_.get(), 0);
  return made < 0 ? Status(libav_failure(made, "frame")) : Status();
}

Status JpegEncoder::open_scaler(const Form& form) {
  scaler_.reset(libav().sws_getContext(form.width, form.height, form.pixels, form.width,
                                       form.height, kPixels, kScaling, nullptr, nullptr, nullptr));
  if (scaler_ == nullptr)
    return fail(ErrorCode::kUnsupported, "pixels of a form that is not read here");
  if (form.space == AVCOL_SPC_UNSPECIFIED) return {};
  constexpr int kOne = 1 << 16;
  const bool is_full = form.pixels == AV_PIX_FMT_YUVJ420P || form.pixels == AV_PIX_FMT_YUVJ422P ||
                       form.pixels == AV_PIX_FMT_YUVJ444P;
  libav().sws_setColorspaceDetails(scaler_.get(), libav().sws_getCoefficients(form.space),
                                   is_full ? 1 : 0, libav().sws_getCoefficients(SWS_CS_DEFAULT), 1,
                                   0, kOne, kOne);
  return {};
}

}  // namespace zbag
