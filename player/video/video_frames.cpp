#include "player/video/video_frames.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <utility>

namespace zbag {
namespace {

// Those that LeRobot and exports of zbag write, and what cameras do.
constexpr std::array kCodecs{AV_CODEC_ID_H264, AV_CODEC_ID_HEVC,  AV_CODEC_ID_AV1,
                             AV_CODEC_ID_VP9,  AV_CODEC_ID_MPEG4, AV_CODEC_ID_MJPEG};
constexpr int kPacketBytesMax = 256 << 20;
constexpr double kJumpSeconds = 20.0;  // further ahead it is looked for, not walked to
// Frames that are decoded, and jumps, for each that is asked for, and besides: who asks for what
// lies before, again and again, may cost a file that stands alone nowhere all of it.
constexpr std::uint64_t kWorkPerFrame = 64;
constexpr std::uint64_t kWorkAhead = 300'000;
constexpr unsigned kFaultsMax = 1'000;  // packets that are none

struct CloseInput {
  void operator()(AVFormatContext* context) const { libav().avformat_close_input(&context); }
};

}  // namespace

struct VideoFrames::State {
  struct Shown {
    Libav<AVFrame> frame{libav().av_frame_alloc()};
    double at = 0.0;  // seconds
    bool is_there = false;
  };

  std::string path;
  std::unique_ptr<AVFormatContext, CloseInput> format;
  Libav<AVCodecContext> decoder;
  Libav<AVPacket> packet{libav().av_packet_alloc()};
  AVStream* stream = nullptr;  // of `format`
  Shown now;
  Shown ahead;  // what comes behind it
  bool is_draining = false;
  bool is_at_end = false;
  std::uint64_t asked = 0;
  std::uint64_t work = 0;
  unsigned faults = 0;

  Status open_file();
  Status open_decoder();
  Status jump(double seconds);
  Status read_ahead();
  Result<bool> decode(AVFrame& frame);
  // What is next of the file goes to the decoder.
  Status feed();

  tl::unexpected<Error> damaged(const std::string& what) const {
    return fail(ErrorCode::kDamaged, fmt::format("{}: {}", path, what));
  }
  tl::unexpected<Error> damaged(int code) const {
    return damaged(libav_failure(code, "video").value().message);
  }
};

VideoFrames::VideoFrames(std::unique_ptr<State> state) : state_(std::move(state)) {}
VideoFrames::VideoFrames(VideoFrames&&) noexcept = default;
VideoFrames& VideoFrames::operator=(VideoFrames&&) noexcept = default;
VideoFrames::~VideoFrames() = default;

Result<VideoFrames> VideoFrames::open(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return fail(ErrorCode::kNotFound, path + ": there is no such file");
  const Result<const LibavCalls*> loaded = load_libav();
  if (!loaded) return tl::unexpected(loaded.error());
  auto state = std::make_unique<State>();
  state->path = path;
  if (Status opened = state->open_file(); !opened) return tl::unexpected(opened.error());
  if (Status opened = state->open_decoder(); !opened) return tl::unexpected(opened.error());
  return VideoFrames(std::move(state));
}

Result<const AVFrame*> VideoFrames::at(double seconds, double tolerance) {
  State& state = *state_;
  ++state.asked;
  const bool is_elsewhere = state.now.is_there && (seconds < state.now.at - tolerance ||
                                                   seconds > state.now.at + kJumpSeconds);
  if (is_elsewhere) {
    if (Status jumped = state.jump(seconds); !jumped) return tl::unexpected(jumped.error());
  }
  while (true) {
    if (!state.ahead.is_there) {
      if (Status read = state.read_ahead(); !read) return tl::unexpected(read.error());
    }
    const bool is_nearer = state.ahead.is_there &&
                           (!state.now.is_there ||
                            std::abs(state.ahead.at - seconds) <= std::abs(state.now.at - seconds));
    if (!is_nearer) break;
    std::swap(state.now, state.ahead);
    state.ahead.is_there = false;
  }
  const bool is_found = state.now.is_there && std::abs(state.now.at - seconds) <= tolerance;
  return is_found ? state.now.frame.get() : nullptr;
}

Status VideoFrames::State::open_file() {
  // With the protocol: a path may look like one. MP4 alone: other formats name files and hosts.
  const std::string url = "file:" + path;
  AVDictionary* options = nullptr;
  libav().av_dict_set(&options, "protocol_whitelist", "file", 0);
  AVFormatContext* made = nullptr;
  const int opened = libav().avformat_open_input(&made, url.c_str(),
                                                 libav().av_find_input_format("mov"), &options);
  libav().av_dict_free(&options);
  if (opened < 0) return damaged(opened);
  format.reset(made);
  for (unsigned n = 0; n < made->nb_streams; ++n) {
    AVStream* const one = made->streams[n];
    const bool is_ours = stream == nullptr && one->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
    if (is_ours) stream = one;
    one->discard = is_ours ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
  if (stream == nullptr) return damaged("there is no video in it");
  if (stream->time_base.num <= 0 || stream->time_base.den <= 0)
    return damaged("its times have no unit");
  return {};
}

Status VideoFrames::State::open_decoder() {
  const AVCodecID codec = stream->codecpar->codec_id;
  const bool is_known = std::ranges::find(kCodecs, codec) != kCodecs.end();
  const AVCodec* const known = is_known ? libav().avcodec_find_decoder(codec) : nullptr;
  if (known == nullptr)
    return fail(ErrorCode::kUnsupported, path + ": it is of a codec that is not read here");
  decoder.reset(libav().avcodec_alloc_context3(known));
  const int taken = libav().avcodec_parameters_to_context(decoder.get(), stream->codecpar);
  if (taken < 0) return damaged(taken);
  decoder->max_pixels = kPixelsMax;
  decoder->pkt_timebase = stream->time_base;
  decoder->thread_count = 1;  // each holds pictures of its own
  const int opened = libav().avcodec_open2(decoder.get(), known, nullptr);
  return opened < 0 ? Status(damaged(opened)) : Status();
}

Status VideoFrames::State::jump(double seconds) {
  ++work;
  const auto to = static_cast<std::int64_t>(std::llround(seconds / av_q2d(stream->time_base)));
  const int jumped = libav().av_seek_frame(format.get(), stream->index, to, AVSEEK_FLAG_BACKWARD);
  if (jumped < 0) return damaged(jumped);
  libav().avcodec_flush_buffers(decoder.get());
  now.is_there = false;
  ahead.is_there = false;
  is_draining = false;
  is_at_end = false;
  return {};
}

// Frames without a time are passed over.
Status VideoFrames::State::read_ahead() {
  while (!is_at_end) {
    const Result<bool> has = decode(*ahead.frame);
    if (!has) return tl::unexpected(has.error());
    is_at_end = !*has;
    if (is_at_end || ahead.frame->best_effort_timestamp == AV_NOPTS_VALUE) continue;
    ahead.at = static_cast<double>(ahead.frame->best_effort_timestamp) * av_q2d(stream->time_base);
    ahead.is_there = true;
    return {};
  }
  return {};
}

// False: there is none. What is damaged within costs its frames.
Result<bool> VideoFrames::State::decode(AVFrame& frame) {
  while (true) {
    const int received = libav().avcodec_receive_frame(decoder.get(), &frame);
    if (received >= 0) {
      if (++work > kWorkPerFrame * asked + kWorkAhead)
        return damaged("its frames lie in no order in which they can be found");
      return true;
    }
    if (is_draining) return false;
    if (received != AVERROR(EAGAIN) && ++faults > kFaultsMax) return damaged(received);
    if (Status fed = feed(); !fed) return tl::unexpected(fed.error());
  }
}

Status VideoFrames::State::feed() {
  const int read = libav().av_read_frame(format.get(), packet.get());
  if (read < 0) {
    // The end, or what is none any more: who asks for frames behind it is told that there are none.
    is_draining = true;
    libav().avcodec_send_packet(decoder.get(), nullptr);
    return {};
  }
  const bool is_ours = packet->stream_index == stream->index;
  const bool is_too_large = packet->size > kPacketBytesMax;
  const int sent =
      is_ours && !is_too_large ? libav().avcodec_send_packet(decoder.get(), packet.get()) : 0;
  libav().av_packet_unref(packet.get());
  if (is_too_large) return damaged("a frame of more than 256 MiB");
  if (sent < 0 && ++faults > kFaultsMax) return damaged(sent);
  return {};
}

}  // namespace zbag
