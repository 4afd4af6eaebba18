#include "player/video/libav_calls.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cerrno>
#include <optional>

namespace zbag {
namespace {

struct Loaded {
  std::optional<LibavCalls> calls;
  std::string why_not;
};

// Of the version we were compiled for, whose structures we read and write.
Loaded load() {
  Loaded loaded;
  std::vector<void*> libraries;
  for (const std::string& name : {fmt::format("libavutil.so.{}", LIBAVUTIL_VERSION_MAJOR),
                                  fmt::format("libavcodec.so.{}", LIBAVCODEC_VERSION_MAJOR),
                                  fmt::format("libavformat.so.{}", LIBAVFORMAT_VERSION_MAJOR),
                                  fmt::format("libswscale.so.{}", LIBSWSCALE_VERSION_MAJOR)}) {
    libraries.push_back(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (libraries.back() != nullptr) continue;
    loaded.why_not =
        name + ", which videos are made and read by, is not there: run launch/setup.sh";
    return loaded;
  }
  loaded.calls.emplace(std::move(libraries));
  if (loaded.calls->missing().empty()) {
    // It would write what is in strangers' pictures to our stderr.
    loaded.calls->av_log_set_level(AV_LOG_QUIET);
    return loaded;
  }
  loaded.why_not = fmt::format("the libraries that videos are made and read by lack {}",
                               fmt::join(loaded.calls->missing(), ", "));
  loaded.calls.reset();
  return loaded;
}

// Never unloaded: their threads may end after main().
const Loaded& loaded_once() {
  static const Loaded kLoaded = load();
  return kLoaded;
}

}  // namespace

LibavCalls::Found LibavCalls::find(const char* name) {
  for (void* const library : libraries_) {
    if (void* const found = dlsym(library, name); found != nullptr) return {found};
  }
  missing_.emplace_back(name);
  return {nullptr};
}

Result<const LibavCalls*> load_libav() {
  const Loaded& loaded = loaded_once();
  if (!loaded.calls) return fail(ErrorCode::kUnsupported, loaded.why_not);
  return &*loaded.calls;
}

const LibavCalls& libav() { return *loaded_once().calls; }

tl::unexpected<Error> libav_failure(int code, const std::string& what) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  libav().av_strerror(code, text.data(), text.size());
  const bool is_full = code == AVERROR(ENOSPC) || code == AVERROR(EDQUOT);
  return fail(is_full ? ErrorCode::kDiskFull : ErrorCode::kIo,
              fmt::format("{}: {}", what, text.data()));
}

}  // namespace zbag
