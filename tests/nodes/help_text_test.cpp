#include "nodes/help_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(WrappedTest, BreaksBetweenWordsAlone) {
  EXPECT_THAT(wrapped("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(wrapped("one two three", 6), ElementsAre("one", "two", "three"));
  EXPECT_THAT(wrapped("  ", 6), IsEmpty());
}

TEST(WrappedTest, GivesAWordThatIsTooWideALineOfItsOwn) {
  EXPECT_THAT(wrapped("see tcp://127.0.0.1:9871 there", 10),
              ElementsAre("see", "tcp://127.0.0.1:9871", "there"));
}

TEST(WrappedTest, CountsLettersNotBytes) {
  EXPECT_THAT(wrapped("äöü ßéè xyz", 7), ElementsAre("äöü ßéè", "xyz"));
}

TEST(HelpTextTest, PutsTextsBesideNamesInOneColumn) {
  const HelpPage page{.purpose = "Does it.",
                      .usage = "zbag do [OPTIONS]",
                      .sections = {{"Options",
                                    {{"--one", "the first of a few"},
                                     {"--a-name-that-is-longer-than-all", "below its name"}}},
                                   {"None", {}},
                                   {"More", {{"--other", "x"}}}},
                      .example = "zbag do it"};
  EXPECT_EQ(help_text(page, 30),
            "Does it.\n"
            "\n"
            "Usage: zbag do [OPTIONS]\n"
            "\n"
            "Options:\n"
            "  --one    the first of a few\n"
            "  --a-name-that-is-longer-than-all\n"
            "           below its name\n"
            "\n"
            "More:\n"
            "  --other  x\n"
            "\n"
            "Example:\n"
            "  zbag do it\n");
}

TEST(HelpTextTest, GoesOnBelowWhereATextBegan) {
  const HelpPage page{.purpose = "Does it.",
                      .usage = "zbag do ONE TWO THREE",
                      .sections = {{"Options", {{"--one", "as many words as it takes"}}}},
                      .example = ""};
  EXPECT_EQ(help_text(page, 20),
            "Does it.\n"
            "\n"
            "Usage: zbag do ONE\n"
            "       TWO THREE\n"
            "\n"
            "Options:\n"
            "  --one  as many\n"
            "         words as it\n"
            "         takes\n");
}

}  // namespace
}  // namespace zbag
