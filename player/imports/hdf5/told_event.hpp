// What a process that reads a file tells the one that started it, through a pipe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/result.hpp"

namespace zbag::hdf5::reading {

enum class Told : std::uint32_t {
  kOpened,
  kFrame,      // track, map
  kRefused,    // why
  kNote,       // what
  kLeftOut,    // what
  kKind,       // track, name
  kDescribed,  // name, value
  kAlive,      // nothing, for who is busy for long
  kEnded,      // message; `ns` is the code of an error, or kWell
};

struct ToldHead {
  static constexpr std::int64_t kWell = -1;

  Told what = Told::kOpened;
  std::array<std::uint32_t, 3> sizes = {};  // of the place and two texts behind it
  std::int64_t ns = 0;
  double seconds = 0.0;
  double share = -1.0;  // below 0: nobody knows
};

// What is told, of which the texts are lent until the next is.
struct ToldEvent {
  ToldHead head;
  std::string_view place;
  std::string_view first;
  std::string_view second;
};

// Writes to a pipe, many at once. It owns it not.
class ToldWriter {
 public:
  explicit ToldWriter(int pipe) : pipe_(pipe) {}

  // False: nobody reads any more.
  bool tell(ToldHead head, std::string_view place, std::string_view first = {},
            std::string_view second = {});
  bool flush();

 private:
  int pipe_;
  std::string waiting_;
};

// Takes them apart as they come.
class ToldReader {
 public:
  static constexpr std::size_t kTextBytesMax = 256u << 20;

  // Where more of them is to be put, and that so much of it is there.
  std::string& buffer() { return buffer_; }
  // The next one; nullopt: not all of it is there. kDamaged: it is none.
  Result<std::optional<ToldEvent>> next();

 private:
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace zbag::hdf5::reading
