#include "player/query/bag_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "player/query/sql_text.hpp"
#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Bags of one folder, asked in SQL.
class BagDatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto version = Database::library_version(); !version)
      GTEST_SKIP() << version.error().message;
  }

  void add_bag(const std::string& name, const std::vector<BagPoint>& points) {
    const std::string path = write_bag(dir_.path(name), points);
    bags_.push_back({name, BagReader::open(path).value()});
  }
  void add_imu(int count) {
    std::vector<BagPoint> points;
    for (int i = 0; i < count; ++i)
      points.push_back({"robot/imu", 100.0 + i * 0.01, {{"ax", i * 0.5}, {"ay", 1.0}, {"n", i}}});
    add_bag("imu.zbag", points);
  }

  BagDatabase& open(TimeRange range = TimeRange::all()) {
    BagDatabase::Options options;
    options.range = range;
    options.note = [this](const std::string& text) { notes_.push_back(text); };
    options.warn = [this](const std::string& text) { warnings_.push_back(text); };
    database_ = BagDatabase::open(bags_, options).value();
    return *database_;
  }

  // Every row, its cells with blanks between them.
  std::vector<std::string> ask(const std::string& sql) {
    if (!database_) open();
    Statement asked = database_->database().prepare(sql).value();
    Statement shown =
        database_->database().prepare(shown_query(sql, asked.columns(), ShownAs::kCsv)).value();
    std::vector<std::string> rows;
    const Status status = shown.run([&](std::span<const ResultCell> cells) {
      std::string& row = rows.emplace_back();
      for (const ResultCell& cell : cells) {
        if (&cell != cells.data()) row += ' ';
        row += cell.value_or("-");
      }
      return Status();
    });
    EXPECT_TRUE(status.has_value()) << status.error().message;
    return rows;
  }
  std::string error_of(const std::string& sql) {
    if (!database_) open();
    Result<Statement> statement = database_->database().prepare(sql);
    if (!statement) return statement.error().message;
    const Status status = statement->run([](std::span<const ResultCell>) { return Status(); });
    return status ? "" : status.error().message;
  }
  std::vector<std::string> names_of(const std::string& sql) {
    if (!database_) open();
    std::vector<std::string> names;
    const Statement statement = database_->database().prepare(sql).value();
    for (const ResultColumn& column : statement.columns()) names.push_back(column.name);
    return names;
  }

  TempDir dir_;
  std::vector<NamedBag> bags_;
  std::optional<BagDatabase> database_;
  std::vector<std::string> notes_;
  std::vector<std::string> warnings_;
};

TEST_F(BagDatabaseTest, ATrackIsATableOfItsName) {
  add_imu(1'000);
  EXPECT_THAT(ask(R"(SELECT count(*), avg(ax), min(_ts), max(_ts_ns) FROM "robot/imu")"),
              ElementsAre("1000 249.75 100.0 109990000000"));
}

TEST_F(BagDatabaseTest, ItsColumnsAreItsFields) {
  add_bag("a.zbag", {{"t", 1.0, {{"pose", Fields{{"x", 1.5}, {"name", "a"}}}, {"n", 2}}}});
  EXPECT_THAT(names_of("SELECT * FROM t"),
              ElementsAre("_ts", "_ts_ns", "n", "pose.name", "pose.x"));
  EXPECT_THAT(ask(R"(SELECT "pose.x", "pose.name", n FROM t)"), ElementsAre("1.5 a 2"));
}

TEST_F(BagDatabaseTest, EveryTypeComesAsWhatItIs) {
  add_bag("a.zbag", {{"t",
                      1.0,
                      {{"b", true},
                       {"i", -3},
                       {"f", 1.5f},
                       {"s", "text"},
                       {"bin", Binary{std::string("\x00\xff", 2)}},
                       {"il", Array{1, 2}},
                       {"dl", Array{1.5, 2.5}},
                       {"any", Array{1, "a"}},
                       {"bad", "\xff"}}}});
  EXPECT_THAT(ask("SELECT typeof(b), typeof(i), typeof(f), typeof(s), typeof(bin), typeof(il), "
                  "typeof(dl), typeof(\"any\") FROM t"),
              ElementsAre("BOOLEAN BIGINT DOUBLE VARCHAR BLOB BIGINT[] DOUBLE[] JSON"));
  EXPECT_THAT(ask("SELECT b, i, f, s, bin, il, dl, \"any\", bad FROM t"),
              ElementsAre("true -3 1.5 text AP8= [1,2] [1.5,2.5] [1,\"a\"] {\"$bin\":\"/w==\"}"));
}

TEST_F(BagDatabaseTest, WhatIsMissingOrNilIsNull) {
  add_bag("a.zbag", {{"t", 1.0, {{"x", 1.5}, {"l", Array{1.0}}}},
                     {"t", 2.0, {{"y", 1}}},
                     {"t", 3.0, {{"x", Value()}, {"y", Value()}}}});
  EXPECT_THAT(ask("SELECT x, y, l FROM t ORDER BY _ts"),
              ElementsAre("1.5 - [1.0]", "- 1 -", "- - -"));
}

TEST_F(BagDatabaseTest, FieldsOfSeveralTypesAreNumbersOrJson) {
  add_bag("a.zbag", {{"t", 1.0, {{"n", 1}, {"m", 1}}}, {"t", 2.0, {{"n", 2.5}, {"m", "a"}}}});
  EXPECT_THAT(ask("SELECT n, typeof(n), m, typeof(m) FROM t ORDER BY _ts"),
              ElementsAre("1.0 DOUBLE 1 JSON", "2.5 DOUBLE \"a\" JSON"));
}

TEST_F(BagDatabaseTest, EveryIntegerComesAsItIs) {
  add_bag("a.zbag",
          {{"t", 1.0, {{"u", UINT64_MAX}, {"h", UINT64_MAX}, {"l", Array{UINT64_MAX, 1}}}},
           {"t", 2.0, {{"u", 1}, {"h", INT64_MIN}, {"l", Array{2}}}},
           {"t", 3.0, {{"u", Value()}, {"h", -1}}}});
  EXPECT_THAT(ask("SELECT DISTINCT typeof(u), typeof(h), typeof(l) FROM t"),
              ElementsAre("UBIGINT DECIMAL(20,0) UBIGINT[]"));
  EXPECT_THAT(ask("SELECT u, h, l FROM t ORDER BY _ts"),
              ElementsAre("18446744073709551615 18446744073709551615 [18446744073709551615,1]",
                          "1 -9223372036854775808 [2]", "- -1 -"));
  EXPECT_THAT(ask("SELECT sum(u), max(h), min(h) FROM t"),
              ElementsAre("18446744073709551616 18446744073709551615 -9223372036854775808"));
}

TEST_F(BagDatabaseTest, AnIntegerThatADoubleWouldRoundIsJsonBesideFractions) {
  constexpr std::int64_t kOdd = (std::int64_t{1} << 53) + 1;
  add_bag("a.zbag", {{"t", 1.0, {{"x", kOdd}, {"l", Array{kOdd}}}},
                     {"t", 2.0, {{"x", 0.5}, {"l", Array{0.5}}}}});
  EXPECT_THAT(ask("SELECT x, l FROM t ORDER BY _ts"),
              ElementsAre("9007199254740993 [9007199254740993]", "0.5 [0.5]"));
  EXPECT_THAT(notes_, ElementsAre("track t: field l is JSON: a DOUBLE would round its integers",
                                  "track t: field x is JSON: a DOUBLE would round its integers"));
}

TEST_F(BagDatabaseTest, ListsThatAreEmptyNowAndThenAreLists) {
  add_bag("a.zbag", {{"t", 1.0, {{"d", Array{}}, {"i", Array{}}, {"e", Array{}}}},
                     {"t", 2.0, {{"d", Array{0.5, 1.5}}, {"i", Array{7}}}},
                     {"t", 3.0, {{"d", Array{}}, {"i", Value()}}}});
  EXPECT_THAT(ask("SELECT DISTINCT typeof(d), typeof(i), typeof(e) FROM t"),
              ElementsAre("DOUBLE[] BIGINT[] JSON"));
  EXPECT_THAT(ask("SELECT d, i, len(d), list_sum(d) FROM t ORDER BY _ts"),
              ElementsAre("[] [] 0 -", "[0.5,1.5] [7] 2 2.0", "[] - 0 -"));
}

TEST_F(BagDatabaseTest, HasTheSameColumnsWhateverTheRange) {
  add_bag("a.zbag", {{"t", 1.0, {{"x", 1}, {"m", Fields{{"a", 1}}}}},
                     {"t", 2.0, {{"x", 0.5}, {"y", 1}, {"m", Fields{{"b", 1}}}}}});
  open({.first = 0, .last = 1'000'000'000});
  EXPECT_THAT(names_of("SELECT * FROM t"), ElementsAre("_ts", "_ts_ns", "m.a", "m.b", "x", "y"));
  EXPECT_THAT(ask("SELECT x, y, \"m.b\", typeof(x) FROM t"), ElementsAre("1.0 - - DOUBLE"));
}

TEST_F(BagDatabaseTest, ColumnsThatDifferInCaseAloneHaveNumbers) {
  add_bag("a.zbag", {{"t", 1.0, {{"x", 1}, {"X", 2}}}});
  EXPECT_THAT(ask("SELECT X, x_2 FROM t"), ElementsAre("2 1"));
  EXPECT_THAT(notes_, ElementsAre("track t: field x is column x_2"));
}

TEST_F(BagDatabaseTest, AHostileNameIsANameOnly) {
  const std::string field = "\"; drop table x; --\n'";
  add_bag("a.zbag", {{"'; drop table tracks; --", 1.0, {{field, 7}}}});
  EXPECT_THAT(ask("SELECT " + sql_name(field) + " FROM \"'; drop table tracks; --\""),
              ElementsAre("7"));
}

TEST_F(BagDatabaseTest, ReadsTheFieldsThatAreAskedForAlone) {
  add_imu(20'000);
  ask(R"(SELECT avg(ax) FROM "robot/imu")");
  const ReadWatch::Counts one = database_->watch().counts();
  EXPECT_EQ(one.points, 20'000u);
  EXPECT_GT(one.blocks, 4u);
  EXPECT_EQ(one.fields, one.blocks);
  ask(R"(SELECT count(*) FROM "robot/imu")");
  EXPECT_EQ(database_->watch().counts().fields, one.fields);
}

TEST_F(BagDatabaseTest, ReadsTheBlocksOfTheTimeThatIsAskedForAlone) {
  add_imu(20'000);
  open();
  EXPECT_THAT(ask("SELECT count(*) FROM zbag('imu.zbag', 'robot/imu', since := 150, until := 151)"),
              ElementsAre("101"));
  EXPECT_LT(database_->watch().counts().blocks, 4u);
}

TEST_F(BagDatabaseTest, TakesTimesAsTimestampsToo) {
  add_imu(1'000);
  EXPECT_THAT(ask("SELECT count(*) FROM zbag(['imu.zbag'], 'robot/imu', "
                  "since := TIMESTAMP '1970-01-01 00:01:45')"),
              ElementsAre("500"));
  EXPECT_THAT(error_of("FROM zbag('imu.zbag', 'robot/imu', since := 'noon')"),
              HasSubstr("since: give seconds since the epoch, or a TIMESTAMP"));
}

TEST_F(BagDatabaseTest, TheRangeIsThatOfTablesByTheirNames) {
  add_imu(1'000);
  open({.first = 105'000'000'000, .last = 105'010'000'000});
  EXPECT_THAT(ask(R"(SELECT count(*) FROM "robot/imu")"), ElementsAre("2"));
  EXPECT_THAT(ask("SELECT count(*) FROM zbag('imu.zbag', 'robot/imu')"), ElementsAre("1000"));
}

TEST_F(BagDatabaseTest, SaysOfSeveralBagsWhichARowIsOf) {
  add_bag("a.zbag", {{"t", 1.0, {{"x", 1}}}, {"t", 3.0, {{"x", 2}}}});
  add_bag("b.zbag", {{"t", 2.0, {{"x", 0.5}, {"y", true}}}});
  EXPECT_THAT(ask("SELECT _ts, bag, x, y FROM t ORDER BY _ts"),
              ElementsAre("1.0 a.zbag 1.0 -", "2.0 b.zbag 0.5 true", "3.0 a.zbag 2.0 -"));
}

TEST_F(BagDatabaseTest, KeepsTheOrderOfTimeWithoutAnOrderBy) {
  add_imu(20'000);
  const auto rows = ask(R"(SELECT n FROM "robot/imu")");
  ASSERT_THAT(rows, SizeIs(20'000));
  for (std::size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i], std::to_string(i));
}

TEST_F(BagDatabaseTest, JoinsTracksByTime) {
  add_bag("a.zbag", {{"a", 1.0, {{"x", 1}}}, {"a", 2.0, {{"x", 2}}}, {"b", 1.5, {{"y", 10}}}});
  EXPECT_THAT(ask("SELECT b.y, a.x FROM b ASOF JOIN a ON b._ts >= a._ts"), ElementsAre("10 1"));
}

TEST_F(BagDatabaseTest, SaysWhatIsWrongAndWhere) {
  add_imu(10);
  EXPECT_THAT(error_of(R"(SELECT nope FROM "robot/imu")"),
              testing::StartsWith("line 1, column 8: Referenced column \"nope\" not found"));
  EXPECT_THAT(error_of("SELECT 1 FORM x y"), HasSubstr("syntax error at or near"));
}

TEST_F(BagDatabaseTest, BagsSayOfThemselvesWhatTheyHold) {
  add_imu(100);
  EXPECT_THAT(ask("SELECT name, points, first_ts, rate_hz, fields->>'$.ax[0]' FROM tracks"),
              ElementsAre("robot/imu 100 100.0 100.0 float64"));
  EXPECT_THAT(ask("SELECT id, status, bag FROM runs"), ElementsAre("1 closed imu.zbag"));
  EXPECT_THAT(ask("SELECT track, received, lost FROM losses"), ElementsAre("robot/imu 100 0"));
  EXPECT_THAT(ask("SELECT * FROM episodes"), IsEmpty());
}

TEST_F(BagDatabaseTest, PointsAreAllThereIsInTheOrderItCame) {
  add_bag("a.zbag", {{"b", 1.0, {{"x", Array{2, "a"}}}},
                     {"b", 2.0, {{"x", 1}}},
                     {"a", 3.0, {{"y", Fields{{"z", true}}}}}});
  EXPECT_THAT(ask("SELECT track, index, _ts, _ts_ns, fields, bag FROM points"),
              ElementsAre("a 0 3.0 3000000000 {\"y\":{\"z\":true}} a.zbag",
                          "b 0 1.0 1000000000 {\"x\":[2,\"a\"]} a.zbag",
                          "b 1 2.0 2000000000 {\"x\":1} a.zbag"));
  open({.first = 2'000'000'000, .last = 2'000'000'000});
  EXPECT_THAT(ask("SELECT track FROM zbag.points"), ElementsAre("b"));
}

TEST_F(BagDatabaseTest, ATrackHasItsNameBeforeASystemTable) {
  add_bag("a.zbag", {{"tracks", 1.0, {{"x", 1}}}, {"Runs", 1.0, {{"x", 2}}}});
  EXPECT_THAT(ask("SELECT x FROM tracks"), ElementsAre("1"));
  EXPECT_THAT(ask("SELECT x FROM runs"), ElementsAre("2"));
  EXPECT_THAT(ask("SELECT count(*) FROM zbag.tracks"), ElementsAre("2"));
}

// Tracks may differ in case alone: each is found by its very name.
TEST_F(BagDatabaseTest, ATrackIsFoundByItsVeryNameFirst) {
  add_bag("a.zbag", {{"imu", 1.0, {{"x", 1}}}, {"IMU", 1.0, {{"x", 2}}}});
  EXPECT_THAT(ask("SELECT x FROM imu"), ElementsAre("1"));
  EXPECT_THAT(ask("SELECT x FROM \"IMU\""), ElementsAre("2"));
}

TEST_F(BagDatabaseTest, SaysWhichTracksThereAre) {
  add_imu(1);
  add_bag("b.zbag", {{"robot/imu", 1.0, {{"x", 1}}}, {"a", 1.0, {{"x", 1}}}});
  ASSERT_TRUE(open().database().run("CREATE TABLE made AS SELECT 1").has_value());
  EXPECT_THAT(ask(BagDatabase::tables_query()),
              ElementsAre("a", "robot/imu", "made", "zbag.episodes", "zbag.losses", "zbag.points",
                          "zbag.runs", "zbag.tracks"));
}

TEST_F(BagDatabaseTest, SaysWhichTableMayHaveBeenMeant) {
  add_imu(1);
  EXPECT_EQ(error_of("SELECT 1 FROM nowhere"), "line 1, column 15: there is no table nowhere");
  BagDatabase::Options options;
  options.nearest = [](const std::string& name, const std::vector<std::string>& known) {
    EXPECT_THAT(known, testing::IsSupersetOf({"robot/imu", "points"}));
    return name == "robot/imo" ? std::optional<std::string>("robot/imu") : std::nullopt;
  };
  database_ = BagDatabase::open(bags_, options).value();
  EXPECT_EQ(error_of("SELECT 1 FROM \"robot/imo\""),
            "line 1, column 15: there is no table robot/imo; did you mean \"robot/imu\"?");
  EXPECT_THAT(error_of("SELECT 1 FROM nowhere"), HasSubstr("SHOW TABLES"));
}

TEST_F(BagDatabaseTest, NoSettingNamesAFile) {
  const std::string path = dir_.path("profile.json");
  for (const std::string& sql :
       {"SET profiling_output = " + sql_text(path), "PRAGMA profiling_output = " + sql_text(path),
        "SET temp_directory = " + sql_text(dir_.path("aside")),
        "SET log_query_path = " + sql_text(path), std::string("SET enable_external_access = true"),
        std::string("SET memory_limit = '1 TB'")}) {
    EXPECT_THAT(error_of(sql), HasSubstr("locked")) << sql;
  }
  EXPECT_THAT(error_of("CREATE PERSISTENT SECRET s (TYPE http, EXTRA_HTTP_HEADERS MAP {'a': 'b'})"),
              testing::Ne(""));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(BagDatabaseTest, TouchesNoFile) {
  add_imu(10);
  for (const char* const sql :
       {"COPY (SELECT 1) TO 'out.csv'", "SELECT * FROM read_csv('/etc/passwd')", "INSTALL httpfs",
        "LOAD httpfs", "ATTACH 'x.db'", "SET enable_external_access = true"})
    EXPECT_THAT(error_of(sql), testing::Not(IsEmpty())) << sql;
}

TEST_F(BagDatabaseTest, WhatRunsCanBeInterrupted) {
  add_imu(10);
  open();
  const std::jthread stopper([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) database_->database().interrupt();
  });
  EXPECT_EQ(error_of("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b"),
            "stopped");
}

}  // namespace
}  // namespace zbag
