// Random fields of every type, the same for the same seed.
#pragma once

#include <bit>
#include <cstdint>
#include <random>
#include <string>

#include "schemas/frame.hpp"

namespace zbag {

class RandomFields {
 public:
  explicit RandomFields(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

  std::string bytes(std::size_t size) {
    std::string out(size, '\0');
    for (char& c : out) c = static_cast<char>(engine_());
    return out;
  }

  // Names are drawn from a small set, so that two draws share some.
  Fields fields(std::size_t count_max, int depth = 0) {
    Fields out;
    for (std::uint64_t i = below(count_max + 1); i > 0; --i) {
      std::string name = "f" + std::to_string(below(count_max * 2));
      if (find_field(out, name) == nullptr) out.emplace_back(std::move(name), value(depth + 1));
    }
    return out;
  }

  Value value(int depth) {
    switch (below(depth < 4 ? 11 : 9)) {
      case 0:
        return Value();
      case 1:
        return Value(below(2) == 0);
      case 2:
        return Value(engine_() >> below(64));
      case 3:
        return Value(-1 - static_cast<std::int64_t>(engine_() >> (1 + below(63))));
      case 4:
        return Value(std::bit_cast<double>(engine_()));
      case 5:
        return Value(std::bit_cast<float>(static_cast<std::uint32_t>(engine_())));
      case 6:
        return Value(bytes(below(40)));
      case 7:
        return Value(Binary{bytes(below(300))});
      case 8:
        return Value(Extension{static_cast<std::int8_t>(engine_()), bytes(below(20))});
      case 9:
        return Value(array(depth + 1));
      default:
        return Value(fields(5, depth + 1));
    }
  }

 private:
  Array array(int depth) {
    Array out;
    for (std::uint64_t i = below(20); i > 0; --i) out.push_back(value(depth));
    return out;
  }

  std::mt19937_64 engine_;
};

}  // namespace zbag
