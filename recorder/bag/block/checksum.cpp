#include "recorder/bag/block/checksum.hpp"

#define XXH_STATIC_LINKING_ONLY  // a state on the stack
#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // the same functions, chosen by what the processor can do
#endif

#include <algorithm>
#include <array>
#include <cstring>

namespace zbag::block {
namespace {

constexpr std::size_t kSumBytes = sizeof(std::uint64_t);

void fill_in(std::span<std::uint8_t> block, std::uint64_t sum) {
  std::memcpy(block.data() + kChecksumOffset, &sum, kSumBytes);
}

}  // namespace

void seal(std::span<std::uint8_t> block) {
  fill_in(block, XXH3_64bits(block.data(), block.size()));
}

void copy_and_seal(std::span<const std::uint8_t> tail, std::span<std::uint8_t> block) {
  constexpr std::size_t kPieceBytes = 32u << 10;  // stays in the first-level cache
  const std::size_t head = block.size() - tail.size();
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, block.data(), head);
  for (std::size_t done = 0; done < tail.size(); done += kPieceBytes) {
    const std::span<const std::uint8_t> piece =
        tail.subspan(done, std::min(kPieceBytes, tail.size() - done));
    std::memcpy(block.data() + head + done, piece.data(), piece.size());
    XXH3_64bits_update(&state, piece.data(), piece.size());
  }
  fill_in(block, XXH3_64bits_digest(&state));
}

bool is_sealed(std::string_view block) {
  constexpr std::size_t kHead = kChecksumOffset + kSumBytes;
  std::array<char, kHead> head{};
  std::memcpy(head.data(), block.data(), kChecksumOffset);
  std::uint64_t expected = 0;
  std::memcpy(&expected, block.data() + kChecksumOffset, kSumBytes);
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, head.data(), kHead);
  XXH3_64bits_update(&state, block.data() + kHead, block.size() - kHead);
  return XXH3_64bits_digest(&state) == expected;
}

}  // namespace zbag::block
