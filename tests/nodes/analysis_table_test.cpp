#include "nodes/analysis_table.hpp"

#include <gmock/gmock.h>

#include <set>

#include "nodes/fit_text.hpp"
#include "schemas/split_text.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

using Rows = std::vector<std::vector<std::string>>;

std::vector<std::string> lines_of(std::vector<AnalysisTable::Column> columns, const Rows& rows,
                                  std::optional<std::size_t> terminal) {
  AnalysisTable table(std::move(columns), terminal);
  std::string out;
  for (const auto& row : rows) table.add(row, out);
  table.end(out);
  std::vector<std::string> lines = split_at(out, '\n');
  EXPECT_EQ(lines.back(), "");
  lines.pop_back();
  return lines;
}

const std::vector<AnalysisTable::Column> kNumbers{{"a", 6}, {"b", 6}, {"c", 6}};
const std::vector<AnalysisTable::Column> kGroups{{"count", 6}, {"mean", 6}, {"group", 6, true}};

TEST(AnalysisTableTest, InAPipeItIsWhole) {
  const std::string name(200, 'x');
  EXPECT_THAT(lines_of(kGroups, {{"1", "2", name}}, std::nullopt),
              ElementsAre("   count    mean  group", "       1       2  " + name));
}

// What is usual is no wider than it has to be, where that is too wide.
TEST(AnalysisTableTest, NumbersStandCloserWhereThatMakesThemFit) {
  const Rows rows{{"1", "22", "3"}};
  EXPECT_THAT(lines_of(kNumbers, rows, 24),
              ElementsAre("       a       b       c", "       1      22       3"));
  EXPECT_THAT(lines_of(kNumbers, rows, 23), ElementsAre("  a   b  c", "  1  22  3"));
}

TEST(AnalysisTableTest, NumbersWithoutRoomAreLeftOutAndThatIsSaid) {
  const Rows rows{{"1234567", "1234567", "1234567"}};
  EXPECT_THAT(lines_of(kNumbers, rows, 20), ElementsAre("        a        b", "  1234567  1234567",
                                                        "  1 more column; --json has all"));
  EXPECT_THAT(lines_of(kNumbers, rows, 3), SizeIs(3));
}

TEST(AnalysisTableTest, TextsAreCutAndNoTwoLookAlike) {
  Rows rows;
  for (int i = 0; i < 30; ++i)
    rows.push_back({"1", "2.5", "robot/left/arm/" + std::to_string(i) + "/state/filtered"});
  for (std::size_t width = 24; width < 60; ++width) {
    const std::vector<std::string> lines = lines_of(kGroups, rows, width);
    std::set<std::string> different;
    for (const std::string& line : lines) {
      EXPECT_TRUE(line.ends_with("has all") || columns_of(line) <= width) << line;
      different.insert(line);
    }
    EXPECT_EQ(different.size(), lines.size()) << width;
  }
}

TEST(AnalysisTableTest, ATextIsWorthMoreThanANumber) {
  const std::vector<std::string> lines = lines_of(kGroups, {{"1", "2", "idle and running"}}, 22);
  EXPECT_THAT(lines, ElementsAre("  count  group", "      1  idle a\u2026unning",
                                 "  1 more column; --json has all"));
}

// Their widths are those of the first; what comes later is whole, too.
TEST(AnalysisTableTest, ManyRowsAreWrittenAsTheyCome) {
  AnalysisTable table(kNumbers, 10);
  std::string out;
  for (int i = 0; i < 2'000; ++i) table.add({"1", "2", "3"}, out);
  EXPECT_THAT(out, HasSubstr("  a  b  c\n  1  2  3\n"));
  const std::size_t before = out.size();
  table.add({"1", "2", "12345678"}, out);
  EXPECT_EQ(out.substr(before), "  1  2  12345678\n");
}

}  // namespace
}  // namespace zbag
