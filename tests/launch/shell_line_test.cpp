#include "launch/shell_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> words_of(std::string_view line, const ShellVariable& variable = nullptr) {
  const ShellLine read = read_shell_line(line, variable);
  EXPECT_EQ(read.open, '\0') << line;
  return read.words;
}

TEST(ShellLineTest, PartsWordsAtBlanks) {
  EXPECT_THAT(words_of("  zbag\trecord \n -o x "), ElementsAre("zbag", "record", "-o", "x"));
  EXPECT_THAT(words_of(" "), IsEmpty());
}

TEST(ShellLineTest, ReadsQuotesAsAShellDoes) {
  EXPECT_THAT(words_of(R"(a 'b c' "d e" f\ g '')"), ElementsAre("a", "b c", "d e", "f g", ""));
  EXPECT_THAT(words_of(R"(x'y "z'"w")"), ElementsAre("xy \"zw"));
  EXPECT_THAT(words_of(R"('\n' "\n" "\"" "\$" \n)"), ElementsAre("\\n", "\\n", "\"", "$", "n"));
  EXPECT_THAT(words_of("one\\\ntwo"), ElementsAre("onetwo"));
}

TEST(ShellLineTest, SaysWhatIsNotClosed) {
  EXPECT_EQ(read_shell_line("echo 'a b").open, '\'');
  EXPECT_EQ(read_shell_line("echo \"a b").open, '"');
  EXPECT_EQ(read_shell_line("echo ${a", [](std::string_view) { return ""; }).open, '{');
}

TEST(ShellLineTest, PutsVariablesInAsAShellDoes) {
  const ShellVariable variable = [](std::string_view name) {
    return name == "two" ? "one 'two" : "";
  };
  EXPECT_THAT(words_of("${two} \"${two}\" '${two}' x${two}y", variable),
              ElementsAre("one", "'two", "one 'two", "${two}", "xone", "'twoy"));
  EXPECT_THAT(words_of("a ${none} \"${none}\"", variable), ElementsAre("a", ""));
}

TEST(ShellLineTest, KnowsWhereALineEditorTakesTheLastWordToBegin) {
  const auto kept = [](std::string_view line) { return read_shell_line(line, nullptr, "=:").kept; };
  EXPECT_EQ(kept("zbag --track"), 0u);
  EXPECT_EQ(kept("zbag --track=a:b"), 10u);
  EXPECT_EQ(kept("zbag --track='a:b"), 8u);
  EXPECT_EQ(kept("zbag 'a:b'c"), 0u);
  EXPECT_EQ(kept("zbag a=b "), 0u);
}

// What is written for a shell is read back as it was, in every quote a word may stand in.
TEST(ShellLineTest, ReadsBackWhatItHasEscaped) {
  for (const std::string word : {"plain/track", "a b", "$(touch x)", "`touch x`", "a'b\"c",
                                 "back\\slash", ";&|<>*?[]{}#~", "über", "-dash", "", "${a}"}) {
    const std::string open_words = shell_escaped(word, '\0').value();
    EXPECT_THAT(words_of("x" + open_words), ElementsAre("x" + word));
    EXPECT_THAT(words_of("'" + shell_escaped(word, '\'').value() + "'"), ElementsAre(word));
    EXPECT_THAT(words_of("\"" + shell_escaped(word, '"').value() + "\""), ElementsAre(word));
    EXPECT_THAT(words_of(shell_quoted(word)), ElementsAre(word));
  }
}

TEST(ShellLineTest, HasNoWayToQuoteAnExclamationMarkInDoubleQuotes) {
  EXPECT_EQ(shell_escaped("a!b", '"'), std::nullopt);
  EXPECT_EQ(shell_escaped("a!b", '\0'), "a\\!b");
}

}  // namespace
}  // namespace zbag
