#include "player/imports/input_file.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

class SeekNextTest : public testing::Test {
 protected:
  InputFile open(const std::string& text) {
    std::ofstream(dir_.path("in"), std::ios::binary) << text;
    return InputFile::open(dir_.path("in")).value();
  }

  TempDir dir_;
};

TEST_F(SeekNextTest, FindsBytesWhereverTheyLieInItsReads) {
  for (std::size_t at = 0; at < 1'000; ++at) {
    InputFile file = open(std::string(at, 'x') + "MAGIC" + std::string(at % 7, 'M'));
    EXPECT_TRUE(file.seek_next("MAGIC").value());
    EXPECT_EQ(file.at(), at);
    ASSERT_TRUE(file.skip(1));
    EXPECT_FALSE(file.seek_next("MAGIC").value());
    EXPECT_EQ(file.left(), 0u);
  }
}

TEST_F(SeekNextTest, FindsThoseBehindEachOther) {
  InputFile file = open("ababab");
  for (std::uint64_t at = 0; at < 6; at += 2) {
    EXPECT_TRUE(file.seek_next("ab").value());
    EXPECT_EQ(file.at(), at);
    ASSERT_TRUE(file.skip(1));
  }
  EXPECT_FALSE(file.seek_next("ab").value());
}

}  // namespace
}  // namespace zbag
