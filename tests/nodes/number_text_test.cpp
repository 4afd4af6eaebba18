#include "nodes/number_text.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

TEST(NumberTextTest, SaysOneOfWhatIsOne) {
  EXPECT_EQ(amount_text(1, "frame"), "1 frame");
  EXPECT_EQ(amount_text(0, "frame"), "0 frames");
  EXPECT_EQ(amount_text(1'234'567, "frame"), "1,234,567 frames");
}

TEST(NumberTextTest, ShowsThreeDigitsOfASize) {
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1'000), "1.0 kB");
  EXPECT_EQ(bytes_text(99'960), "100 kB");
  EXPECT_EQ(bytes_text(999'600), "1.0 MB");
}

}  // namespace
}  // namespace zbag
