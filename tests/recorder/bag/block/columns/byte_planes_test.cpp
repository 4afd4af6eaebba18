#include "recorder/bag/block/columns/byte_planes.hpp"

#include <gtest/gtest.h>

#include <random>

namespace zbag {
namespace {

TEST(BytePlanesTest, PutsTheLowestByteOfAllWordsFirst) {
  const std::vector<std::uint64_t> words = {0x0a01, 0x0b02, 0x0c03, 0x0d04, 0x0e05,
                                            0x0f06, 0x1007, 0x1108, 0x1209, 0x130a};
  Bytes out(20);
  write_byte_planes(
      words.size(), 2, [&](std::size_t i) { return words[i]; }, out.data());
  EXPECT_EQ(out, (Bytes{1,    2,    3,    4,    5,    6,    7,    8,    9,    10,
                        0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13}));
}

// Whole groups of eight words and what is left of them take different ways.
TEST(BytePlanesTest, GivesBackWordsOfEveryWidthAndCount) {
  std::mt19937_64 random(1);
  for (unsigned width = 0; width <= 8; ++width) {
    for (std::size_t count = 0; count < 40; ++count) {
      std::vector<std::uint64_t> words(count);
      for (std::uint64_t& word : words) word = width == 0 ? 0 : random() >> (64 - width * 8);
      Bytes bytes(count * width);
      write_byte_planes(
          count, width, [&](std::size_t i) { return words[i]; }, bytes.data());
      std::vector<std::uint64_t> back(count, 0x5555);
      read_byte_planes(bytes, count, width, [&](std::size_t i, std::uint64_t w) { back[i] = w; });
      EXPECT_EQ(back, words) << width << " bytes, " << count;
    }
  }
}

}  // namespace
}  // namespace zbag
