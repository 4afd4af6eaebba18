// The libraries of FFmpeg, loaded when a video is first asked for: to be linked with them would
// cost every start of zbag more than all else it does (0.7 against 212 ms on the machine it was
// measured on, busy). For those files alone that make or read videos.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

// The functions that we call, each under its own name.
class LibavCalls {
 public:
  // Their libraries, in the order in which a function is looked for.
  explicit LibavCalls(std::vector<void*> libraries) : libraries_(std::move(libraries)) {}
  // Those that the libraries do not have.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  std::vector<void*> libraries_;
  std::vector<std::string> missing_;

  // An address, which is that of the function it is kept as.
  struct Found {
    void* at;
    template <class Function>
    operator Function*() const {
      return reinterpret_cast<Function*>(at);
    }
  };
  Found find(const char* name);

 public:
// NOLINTNEXTLINE(bugprone-macro-parentheses): it declares a name.
#define ZBAG_LIBAV_CALL(name) decltype(::name)* name = find(#name)
  ZBAG_LIBAV_CALL(av_log_set_level);
  ZBAG_LIBAV_CALL(av_strerror);
  ZBAG_LIBAV_CALL(av_opt_set);
  ZBAG_LIBAV_CALL(av_dict_set);
  ZBAG_LIBAV_CALL(av_dict_free);
  ZBAG_LIBAV_CALL(av_find_input_format);
  ZBAG_LIBAV_CALL(av_read_frame);
  ZBAG_LIBAV_CALL(av_seek_frame);
  ZBAG_LIBAV_CALL(av_frame_alloc);
  ZBAG_LIBAV_CALL(av_frame_free);
  ZBAG_LIBAV_CALL(av_frame_unref);
  ZBAG_LIBAV_CALL(av_frame_get_buffer);
  ZBAG_LIBAV_CALL(av_frame_make_writable);
  ZBAG_LIBAV_CALL(av_packet_alloc);
  ZBAG_LIBAV_CALL(av_packet_free);
  ZBAG_LIBAV_CALL(av_packet_unref);
  ZBAG_LIBAV_CALL(av_new_packet);
  ZBAG_LIBAV_CALL(av_packet_rescale_ts);
  ZBAG_LIBAV_CALL(avcodec_find_decoder);
  ZBAG_LIBAV_CALL(avcodec_find_encoder_by_name);
  ZBAG_LIBAV_CALL(avcodec_alloc_context3);
  ZBAG_LIBAV_CALL(avcodec_free_context);
  ZBAG_LIBAV_CALL(avcodec_open2);
  ZBAG_LIBAV_CALL(avcodec_send_packet);
  ZBAG_LIBAV_CALL(avcodec_receive_frame);
  ZBAG_LIBAV_CALL(avcodec_send_frame);
  ZBAG_LIBAV_CALL(avcodec_receive_packet);
  ZBAG_LIBAV_CALL(avcodec_flush_buffers);
  ZBAG_LIBAV_CALL(avcodec_parameters_from_context);
  ZBAG_LIBAV_CALL(avcodec_parameters_to_context);
  ZBAG_LIBAV_CALL(avformat_alloc_output_context2);
  ZBAG_LIBAV_CALL(avformat_open_input);
  ZBAG_LIBAV_CALL(avformat_close_input);
  ZBAG_LIBAV_CALL(avformat_free_context);
  ZBAG_LIBAV_CALL(avformat_new_stream);
  ZBAG_LIBAV_CALL(avformat_write_header);
  ZBAG_LIBAV_CALL(av_interleaved_write_frame);
  ZBAG_LIBAV_CALL(av_write_trailer);
  ZBAG_LIBAV_CALL(avio_open);
  ZBAG_LIBAV_CALL(avio_closep);
  ZBAG_LIBAV_CALL(sws_getContext);
  ZBAG_LIBAV_CALL(sws_getCachedContext);
  ZBAG_LIBAV_CALL(sws_getCoefficients);
  ZBAG_LIBAV_CALL(sws_setColorspaceDetails);
  ZBAG_LIBAV_CALL(sws_freeContext);
  ZBAG_LIBAV_CALL(sws_scale);
#undef ZBAG_LIBAV_CALL
};

// kUnsupported says what to install. Any thread.
Result<const LibavCalls*> load_libav();
// REQUIRES: load_libav() returned well.
const LibavCalls& libav();

// What a call has given that failed, as words; `what` was tried.
tl::unexpected<Error> libav_failure(int code, const std::string& what);

struct FreeLibav {
  void operator()(AVFrame* frame) const { libav().av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { libav().av_packet_free(&packet); }
  void operator()(AVCodecContext* context) const { libav().avcodec_free_context(&context); }
  void operator()(SwsContext* scaler) const { libav().sws_freeContext(scaler); }
  void operator()(AVFormatContext* context) const {
    libav().avio_closep(&context->pb);
    libav().avformat_free_context(context);
  }
};
template <class T>
using Libav = std::unique_ptr<T, FreeLibav>;

}  // namespace zbag
