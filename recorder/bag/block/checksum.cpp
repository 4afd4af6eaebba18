#include "recorder/bag/block/checksum.hpp"

#define XXH_STATIC_LINKING_ONLY  // a state on the stack
#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>  // the same functions, chosen by what the processor can do
#endif

#include <algorithm>
#include <array>
#include <cstring>

#include "recorder/bag/block/header.hpp"
#include "schemas/byte_io.hpp"

namespace zbag::block {
namespace {

// The sum of a block whose body is still to come.
XXH3_state_t begin_sum(const std::uint8_t* block) {
  std::array<std::uint8_t, kBlockHeaderBytes> header{};
  std::memcpy(header.data(), block, kChecksumOffset);
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, header.data(), header.size());
  return state;
}

std::uint64_t sum_of_block(std::span<const std::uint8_t> block, std::size_t summary_bytes) {
  XXH3_state_t state = begin_sum(block.data());
  const auto body = block.subspan(kBlockHeaderBytes + summary_bytes);
  XXH3_64bits_update(&state, body.data(), body.size());
  return XXH3_64bits_digest(&state);
}

// Of the header without both sums, and the summary.
std::uint32_t sum_of_head(std::span<const std::uint8_t> block, std::size_t summary_bytes) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, block.data(), kChecksumOffset);
  XXH3_64bits_update(&state, block.data() + kSummaryBytesOffset, sizeof(std::uint32_t));
  XXH3_64bits_update(&state, block.data() + kBlockHeaderBytes, summary_bytes);
  return static_cast<std::uint32_t>(XXH3_64bits_digest(&state));
}

void fill_in(std::span<std::uint8_t> block, std::uint64_t sum, std::size_t summary_bytes) {
  std::uint8_t* at = block.data() + kChecksumOffset;
  byte_io::store(at, sum);
  at = block.data() + kHeadChecksumOffset;
  byte_io::store(at, sum_of_head(block, summary_bytes));
}

std::span<const std::uint8_t> bytes_of(std::string_view block) {
  return {reinterpret_cast<const std::uint8_t*>(block.data()), block.size()};
}

}  // namespace

void seal(std::span<std::uint8_t> block) {
  const auto summary_bytes = byte_io::load<std::uint32_t>(block.data() + kSummaryBytesOffset);
  fill_in(block, sum_of_block(block, summary_bytes), summary_bytes);
}

void copy_and_seal(std::span<const std::uint8_t> tail, std::span<std::uint8_t> block) {
  constexpr std::size_t kPieceBytes = 32u << 10;  // stays in the first-level cache
  const std::size_t head = block.size() - tail.size();
  XXH3_state_t state = begin_sum(block.data());
  XXH3_64bits_update(&state, block.data() + kBlockHeaderBytes, head - kBlockHeaderBytes);
  for (std::size_t done = 0; done < tail.size(); done += kPieceBytes) {
    const std::span<const std::uint8_t> piece =
        tail.subspan(done, std::min(kPieceBytes, tail.size() - done));
    std::memcpy(block.data() + head + done, piece.data(), piece.size());
    XXH3_64bits_update(&state, piece.data(), piece.size());
  }
  fill_in(block, XXH3_64bits_digest(&state), 0);
}

bool is_sealed(std::string_view block, std::size_t summary_bytes) {
  const auto sum = byte_io::load<std::uint64_t>(bytes_of(block).data() + kChecksumOffset);
  return sum_of_block(bytes_of(block), summary_bytes) == sum;
}

bool is_head_sealed(std::string_view block, std::size_t summary_bytes) {
  const std::uint8_t* const at = bytes_of(block).data();
  return byte_io::load<std::uint32_t>(at + kSummaryBytesOffset) == summary_bytes &&
         byte_io::load<std::uint32_t>(at + kHeadChecksumOffset) ==
             sum_of_head(bytes_of(block), summary_bytes);
}

std::uint64_t sum_of(std::span<const std::uint8_t> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace zbag::block
