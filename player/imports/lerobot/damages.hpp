// What is damaged of a recording of many files, told as it is met: each costs what is in it alone.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "player/imports/import_sink.hpp"
#include "schemas/result.hpp"

namespace zbag {

class Damages {
 public:
  // The first is kept for the end; some of the others are noted, a line each, all are counted.
  void add(Error error, ImportSink& sink) {
    if (!first_) {
      first_ = std::move(error);
      return;
    }
    if (++more_ <= kToldMax) sink.note(error.message);
  }

  // kDamaged: there was one.
  Status status() const {
    if (!first_) return {};
    const std::string more =
        more_ > 0 ? fmt::format(" (and {} more{})", more_,
                                more_ > kToldMax ? "; the first of them are told above" : "")
                  : "";
    return fail(ErrorCode::kDamaged, first_->message + more);
  }

 private:
  static constexpr std::uint64_t kToldMax = 20;

  std::optional<Error> first_;
  std::uint64_t more_ = 0;
};

}  // namespace zbag
