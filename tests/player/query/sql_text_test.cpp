#include "player/query/sql_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "player/columns/column_names.hpp"
#include "player/query/sql_error.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SqlTextTest, QuotesWhatStrangersHaveNamed) {
  EXPECT_EQ(sql_text("'; drop table x; --"), "'''; drop table x; --'");
  EXPECT_EQ(sql_name("a\"b'c"), "\"a\"\"b'c\"");
}

TEST(SplitStatementsTest, EndsThemAtSemicolonsAlone) {
  const SqlStatements split = split_statements("SELECT 1; SELECT 'a;b', \"c;d\";\n SELECT 2");
  EXPECT_THAT(split.whole, ElementsAre("SELECT 1", " SELECT 'a;b', \"c;d\""));
  EXPECT_EQ(split.rest, "\n SELECT 2");
}

TEST(SplitStatementsTest, PassesOverCommentsAndDollarTexts) {
  const SqlStatements split =
      split_statements("SELECT $x$;$x$ /* ; */, $$;'$$ -- ; '\n; SELECT E'\\';' ;-- ;");
  EXPECT_THAT(split.whole,
              ElementsAre("SELECT $x$;$x$ /* ; */, $$;'$$ -- ; '\n", " SELECT E'\\';' "));
  EXPECT_THAT(split.rest, IsEmpty());
}

TEST(SplitStatementsTest, LeavesWhatIsNotEndedYet) {
  const SqlStatements split = split_statements("SELECT 'a;\n");
  EXPECT_THAT(split.whole, IsEmpty());
  EXPECT_EQ(split.rest, "SELECT 'a;\n");
}

TEST(WordsOfTest, AreWithoutCommentsAndCase) {
  EXPECT_THAT(words_of(" SHOW /* all of */\n Tables -- that there are"),
              ElementsAre("show", "tables"));
  EXPECT_THAT(words_of("FROM \"a B\""), ElementsAre("from", "\"a b\""));
  EXPECT_THAT(words_of(" "), ElementsAre());
}

TEST(TextsOfTest, AreThoseInSingleQuotes) {
  EXPECT_THAT(texts_of("COPY \"t'\" TO 'a''b.csv' -- 'no'\n (CODEC 'Zstd')"),
              ElementsAre("a'b.csv", "Zstd"));
  EXPECT_THAT(texts_of("SELECT ''"), ElementsAre(""));
  EXPECT_THAT(texts_of("SELECT 1"), ElementsAre());
}

TEST(ColumnNamesTest, TellsApartWhatDiffersInCaseAlone) {
  ColumnNames names;
  EXPECT_EQ(names.add("x"), "x");
  EXPECT_EQ(names.add("X"), "X_2");
  EXPECT_EQ(names.add("x_2"), "x_2_2");
  EXPECT_EQ(names.add(""), "_");
  EXPECT_EQ(names.add("a\xff"), "_a\\xff");
}

TEST(SqlErrorTest, SaysWhereAsEditorsCount) {
  EXPECT_EQ(place_text("SELECT\n  ä, b", 12), "line 2, column 5");
  const Error error = sql_error(
      R"(Parser Error: {"exception_type":"Parser","exception_message":"syntax error\nhere",)"
      R"("position":"7"})",
      "SELECT FORM");
  EXPECT_EQ(error.message, "line 1, column 8: syntax error here");
}

// Its advice names settings that are not for SQL to change.
TEST(SqlErrorTest, LeavesOutWhatDuckdbAdvises) {
  EXPECT_EQ(sql_error(R"({"exception_type":"Out of Memory",)"
                      R"("exception_message":"no room\n\nPossible solutions:\n* SET x"})",
                      "")
                .message,
            "no room");
}

TEST(SqlErrorTest, SaysOfAnUnknownTableWhatItIsTold) {
  const std::string text =
      R"(Catalog Error: {"exception_type":"Catalog","name":"t","type":"Table","position":"5",)"
      R"("error_subtype":"MISSING_ENTRY",)"
      R"("exception_message":"There is no t!\nDid you mean \"x\"?"})";
  EXPECT_EQ(sql_error(text, "FROM t", [](const std::string& name) { return "no " + name; }).message,
            "line 1, column 6: no t");
  EXPECT_EQ(sql_error(text, "FROM t").message,
            "line 1, column 6: There is no t! Did you mean \"x\"?");
}

TEST(SqlErrorTest, TellsAStopFromAFailure) {
  EXPECT_EQ(sql_error("INTERRUPT Error: Interrupted!", "").code, ErrorCode::kClosed);
  EXPECT_EQ(sql_error("no JSON", "SELECT 1").message, "no JSON");
}

}  // namespace
}  // namespace zbag
