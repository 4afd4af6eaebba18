#include "player/exports/video/video_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "player/exports/video/frame_decoder.hpp"
#include "player/video/libav_calls.hpp"
#include "schemas/apart.hpp"

namespace zbag {
namespace {

constexpr AVRational kMicroseconds{1, 1'000'000};
// What one frame of an MP4 may last.
constexpr std::int64_t kGapMax = std::numeric_limits<std::int32_t>::max() - 1;
// Frames from one that stands alone to the next: what a player decodes at most to show one.
constexpr int kAloneEvery = 30;

// All of the colour is looked at: the other way takes what lies behind rows of odd length for it.
constexpr int kScaling = SWS_BICUBIC | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND;

struct Codec {
  const char* encoder;
  std::vector<std::pair<const char*, const char*>> options;
};

// Near what the eye can tell apart, and fast enough for a recorder's machine.
Codec codec_of(VideoCodec codec) {
  if (codec == VideoCodec::kAv1) {
    return {"libaom-av1",
            {{"crf", "28"}, {"usage", "realtime"}, {"cpu-used", "8"}, {"row-mt", "1"}}};
  }
  return {"libx264", {{"crf", "20"}, {"preset", "veryfast"}}};
}

int even(int side) { return side + side % 2; }

// The column and row that make its sides even repeat the last of the picture.
void repeat_last(AVFrame& frame, int width, int height) {
  std::uint8_t* const luma = frame.data[0];
  if (width < frame.width) {
    for (int y = 0; y < height; ++y) {
      std::uint8_t* const row = luma + static_cast<std::ptrdiff_t>(y) * frame.linesize[0];
      row[width] = row[width - 1];
    }
  }
  if (height < frame.height) {
    const std::uint8_t* const last =
        luma + static_cast<std::ptrdiff_t>(height - 1) * frame.linesize[0];
    std::copy_n(last, frame.width, luma + static_cast<std::ptrdiff_t>(height) * frame.linesize[0]);
  }
}

}  // namespace

struct VideoFile::State {
  std::string path;
  Options options;
  FrameDecoder decoder;
  Libav<AVFormatContext> format;
  Libav<AVCodecContext> encoder;
  AVStream* stream = nullptr;  // of `format`
  Libav<SwsContext> scaler;
  Libav<AVFrame> frame{libav().av_frame_alloc()};
  Libav<AVPacket> packet{libav().av_packet_alloc()};
  int width = 0;  // of the pictures
  int height = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_at = -1;  // us behind the first
  std::uint64_t moved = 0;

  Status begin(const AVFrame& first, Timestamp stamp);
  Status open_encoder();
  Status open_file(Timestamp first);
  Status scale(const AVFrame& decoded);
  Result<std::int64_t> place_of(Timestamp stamp);
  void count_colours();
  // Null: there are no more.
  Status encode(const AVFrame* frame);
};

Result<VideoFile> VideoFile::create(const std::string& path, const Options& options) {
  const Result<const LibavCalls*> loaded = load_libav();
  if (!loaded) return tl::unexpected(loaded.error());
  auto state = std::make_unique<State>();
  state->path = path;
  state->options = options;
  return VideoFile(std::move(state));
}

VideoFile::VideoFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
VideoFile::VideoFile(VideoFile&& other) noexcept = default;
VideoFile::~VideoFile() = default;

std::uint64_t VideoFile::moved() const { return state_->moved; }

Status VideoFile::add(const Picture& picture, Timestamp stamp) {
  const Result<const AVFrame*> decoded = state_->decoder.decode(picture);
  if (!decoded) return tl::unexpected(decoded.error());
  if (state_->stream == nullptr) {
    if (Status begun = state_->begin(**decoded, stamp); !begun) return begun;
  }
  const Result<std::int64_t> place = state_->place_of(stamp);
  if (!place) return tl::unexpected(place.error());
  if (Status scaled = state_->scale(**decoded); !scaled) return scaled;
  state_->frame->pts = *place;
  if (state_->options.colours != nullptr) state_->count_colours();
  return state_->encode(state_->frame.get());
}

Status VideoFile::finish() {
  if (Status encoded = state_->encode(nullptr); !encoded) return encoded;
  const int written = libav().av_write_trailer(state_->format.get());
  const int closed = libav().avio_closep(&state_->format->pb);
  if (written < 0 || closed < 0) return libav_failure(std::min(written, closed), "video");
  return {};
}

Status VideoFile::State::begin(const AVFrame& first, Timestamp stamp) {
  width = first.width;
  height = first.height;
  first_ns = stamp.ns();
  if (Status opened = open_encoder(); !opened) return opened;
  frame->format = encoder->pix_fmt;
  frame->width = encoder->width;
  frame->height = encoder->height;
  const int made = libav().av_frame_get_buffer(frame.get(), 0);
  if (made < 0) return libav_failure(made, "frame");
  return open_file(stamp);
}

Status VideoFile::State::open_encoder() {
  const Codec codec = codec_of(options.codec);
  const AVCodec* const known = libav().avcodec_find_encoder_by_name(codec.encoder);
  if (known == nullptr) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("FFmpeg's libraries are built without the encoder {}", codec.encoder));
  }
  encoder.reset(libav().avcodec_alloc_context3(known));
  encoder->width = even(width);
  encoder->height = even(height);
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->color_range = AVCOL_RANGE_MPEG;
  encoder->colorspace = AVCOL_SPC_SMPTE170M;  // what JPEG has, and the scaler makes of RGB
  encoder->time_base = kMicroseconds;
  encoder->framerate = {
      static_cast<int>(std::lround(std::clamp(options.rate, 1.0, 1'000.0) * 1'000)), 1'000};
  encoder->gop_size = kAloneEvery;
  encoder->max_b_frames = 0;  // frames come out in the order they were taken in
  encoder->thread_count = 0;  // as many as there are cores
  encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  for (const auto& [name, value] : codec.options)
    libav().av_opt_set(encoder->priv_data, name, value, 0);
  const int opened = libav().avcodec_open2(encoder.get(), known, nullptr);
  if (opened < 0) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} takes no pictures of {} x {}", codec.encoder, width, height));
  }
  return {};
}

Status VideoFile::State::open_file(Timestamp first) {
  // With the protocol: a path may look like one.
  const std::string url = "file:" + path;
  AVFormatContext* made = nullptr;
  int code = libav().avformat_alloc_output_context2(&made, nullptr, "mp4", url.c_str());
  format.reset(made);
  if (code < 0) return libav_failure(code, "video");
  AVStream* const added = libav().avformat_new_stream(made, nullptr);
  if (added == nullptr) return libav_failure(AVERROR(ENOMEM), "video");
  added->time_base = kMicroseconds;
  added->avg_frame_rate = encoder->framerate;
  code = libav().avcodec_parameters_from_context(added->codecpar, encoder.get());
  if (code < 0) return libav_failure(code, "video");
  const std::string comment = fmt::format("_ts of 0: {}", seconds_text(first.seconds()));
  libav().av_dict_set(&made->metadata, "comment", comment.c_str(), 0);
  code = libav().avio_open(&made->pb, url.c_str(), AVIO_FLAG_WRITE);
  if (code < 0) return libav_failure(code, path);
  code = libav().avformat_write_header(made, nullptr);
  if (code < 0) return libav_failure(code, "video");
  stream = added;
  return {};
}

Result<std::int64_t> VideoFile::State::place_of(Timestamp stamp) {
  const std::uint64_t behind_ns = apart(first_ns, stamp.ns());
  auto at = static_cast<std::int64_t>(behind_ns / 1'000 + (behind_ns % 1'000 >= 500 ? 1 : 0));
  if (at <= last_at) {
    at = last_at + 1;
    ++moved;
  }
  if (last_at >= 0 && at - last_at > kGapMax) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("it comes {:.0f} s behind the frame before, and a frame of an MP4 lasts "
                    "no longer than {} s; export the parts, with --start and --end",
                    static_cast<double>(at - last_at) / 1e6, kGapMax / 1'000'000));
  }
  last_at = at;
  return at;
}

Status VideoFile::State::scale(const AVFrame& decoded) {
  if (decoded.width != width || decoded.height != height) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("it is {} x {}, and the video {} x {}, as its first picture; export the "
                    "parts, with --start and --end",
                    decoded.width, decoded.height, width, height));
  }
  scaler.reset(libav().sws_getCachedContext(
      scaler.release(), width, height, static_cast<AVPixelFormat>(decoded.format), width, height,
      encoder->pix_fmt, kScaling, nullptr, nullptr, nullptr));
  if (scaler == nullptr)
    return fail(ErrorCode::kUnsupported, "its pixels are of a form that no video has");
  const int writable = libav().av_frame_make_writable(frame.get());
  if (writable < 0) return libav_failure(writable, "frame");
  libav().sws_scale(scaler.get(), decoded.data, decoded.linesize, 0, height, frame->data,
                    frame->linesize);
  repeat_last(*frame, width, height);
  return {};
}

void VideoFile::State::count_colours() {
  options.colours->add({{frame->data[0], frame->data[1], frame->data[2]},
                        {frame->linesize[0], frame->linesize[1], frame->linesize[2]},
                        frame->width,
                        frame->height});
}

Status VideoFile::State::encode(const AVFrame* given) {
  const int sent = libav().avcodec_send_frame(encoder.get(), given);
  if (sent < 0) return libav_failure(sent, "encoder");
  while (true) {
    const int received = libav().avcodec_receive_packet(encoder.get(), packet.get());
    if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) return {};
    if (received < 0) return libav_failure(received, "encoder");
    libav().av_packet_rescale_ts(packet.get(), encoder->time_base, stream->time_base);
    packet->stream_index = stream->index;
    const int written = libav().av_interleaved_write_frame(format.get(), packet.get());
    if (written < 0) return libav_failure(written, "video");
    if (format->pb->error < 0) return libav_failure(format->pb->error, "video");
  }
}

}  // namespace zbag
