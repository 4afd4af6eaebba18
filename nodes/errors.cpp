#include "nodes/errors.hpp"

#include <fmt/format.h>

#include "nodes/terminal.hpp"

namespace zbag {

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return kExitUsage;
    case ErrorCode::kDamaged:
      return kExitDamaged;
    case ErrorCode::kDiskFull:
      return kExitLossy;
    default:
      return kExitFailed;
  }
}

int show(const std::string& verb, const Error& error) {
  say_line_always({{fmt::format("zbag {}: ", verb), Tone::kBad}, {error.message}});
  return exit_code_of(error.code);
}

int show_unmade(const std::string& verb, Error error) {
  if (error.code == ErrorCode::kDiskFull) error.code = ErrorCode::kIo;
  return show(verb, error);
}

void warn(const std::string& verb, const std::string& message) {
  if (is_said(LogLevel::kWarning))
    say_line_always({{fmt::format("zbag {}: warning: ", verb), Tone::kDoubtful}, {message}});
}

std::function<void(const std::string&)> warner(const std::string& verb) {
  return [verb](const std::string& message) { warn(verb, message); };
}

}  // namespace zbag
