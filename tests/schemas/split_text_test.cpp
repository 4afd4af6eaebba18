#include "schemas/split_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zbag {
namespace {

using testing::ElementsAre;

TEST(SplitTextTest, GivesOnePartMoreThanThereAreSeparators) {
  EXPECT_THAT(split_at("a,b,c", ','), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_at("a", ','), ElementsAre("a"));
  EXPECT_THAT(split_at("", ','), ElementsAre(""));
  EXPECT_THAT(split_at("/a//", '/'), ElementsAre("", "a", "", ""));
}

}  // namespace
}  // namespace zbag
