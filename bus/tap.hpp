// A live observer that never slows the bus: newest wins.
//
// A thread of the tap empties the socket at all times into a ring bounded in frames and bytes; when
// the reader is too slow, the oldest frames in the ring are let go and counted as skipped. What is
// no frame of a track, by its name or for want of a second part, is passed over. next() is for one
// reading thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bus/context.hpp"
#include "bus/endpoints.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

struct TapFrame {
  std::string track;
  std::string bytes;            // the frame as it passed; not validated
  std::int64_t arrival_ns = 0;  // wall clock
};

class Tap {
 public:
  struct Options {
    std::size_t frames_max = 65'536;
    std::size_t bytes_max = 64u << 20;  // of frames and their tracks' names
  };
  static Result<Tap> open(Context& context, const std::string& url, TrackFilter filter,
                          Options options);
  ~Tap();
  Tap(Tap&&) noexcept;
  Tap& operator=(Tap&&) noexcept;

  // The oldest frame held; nullopt after `timeout`.
  std::optional<TapFrame> next(std::chrono::milliseconds timeout);
  // All that were ever let go.
  std::uint64_t skipped() const;
  // Messages of one part that passed, the bus's own not among them.
  struct OnePart {
    std::uint64_t count = 0;
    std::string first;  // its first bytes
  };
  OnePart one_part() const;
  // Whether the broker is back (true) or has gone (false) since the last call.
  std::optional<bool> broker_news();

 private:
  struct State;
  explicit Tap(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace zbag
