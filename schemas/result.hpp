// Errors are values: every seam that can fail returns Result<T> or Status.
//
// An error is handled once: passed on with context, or shown; showing happens only in nodes/.
// End of data is never an error, damage is never "end".
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace zbag {

// What a caller can act on. The exit codes of cli.md are made of these in nodes/.
enum class ErrorCode {
  kInvalid,      // an argument or a value breaks a stated rule
  kNotFound,     // a file, track, point or peer is not there
  kExists,       // what should be new is there already
  kBusy,         // somebody else holds it: a port, a bag's writer lock, a node name
  kIo,           // the operating system or a library said no
  kDiskFull,     // no room on the disk, or less than --min-free
  kDamaged,      // not what it should be: not a bag, truncated, a wrong checksum
  kNewerFormat,  // written by a later version of zbag
  kUnsupported,  // this object cannot do that
  kTimeout,      // waited as long as was allowed
  kClosed,       // used after close()
};

struct Error {
  ErrorCode code;
  std::string message;  // one line: what failed, on what, what to do
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

// Passes `error` on, with `context` in front: "context: message".
inline tl::unexpected<Error> fail(Error error, const std::string& context) {
  error.message = context + ": " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace zbag
