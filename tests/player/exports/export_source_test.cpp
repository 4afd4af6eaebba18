#include "player/exports/export_source.hpp"

#include <gmock/gmock.h>

#include "player/columns/cells.hpp"
#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/records/layout.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "tests/support/random_fields.hpp"
#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;

// Every row of a track, a line each: stamp, then the cells.
std::vector<std::string> rows_of(const std::vector<std::string>& paths, const std::string& track,
                                 ExportChoice choice) {
  Playlist playlist = Playlist::open(paths).value();
  ExportSource source(playlist, std::move(choice), {}, {});
  const std::vector<ExportField> fields = source.fields_of(track).value();
  std::vector<std::string> rows;
  const Status read = source.each_chunk_of(track, fields, [&](const ColumnChunk& chunk) -> Status {
    std::vector<Cells> columns(chunk.fields.begin(), chunk.fields.end());
    for (const std::int64_t key : chunk.keys) {
      std::string& row = rows.emplace_back(std::to_string(key));
      for (Cells& cells : columns) cells.next().append_json(row += ' ');
    }
    return {};
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(source.report().points, rows.size());
  return rows;
}

class ExportSourceTest : public testing::Test {
 protected:
  TempDir dir_;
};

TEST_F(ExportSourceTest, NamesAndTypesTheColumnsOfATrack) {
  const std::string path =
      write_bag(dir_.path("a.zbag"), {{"t", 1.0, {{"z", 1}, {"p", Fields{{"y", 2.0}, {"x", "a"}}}}},
                                      {"t", 2.0, {{"z", 0.5}, {"timestamp", 1}}},
                                      {"u", 2.0, {{"other", 0.5}}}});
  Playlist playlist = Playlist::open({path}).value();
  const ExportSource source(playlist, {}, {}, {});
  std::vector<std::pair<std::string, ColumnKind>> fields;
  const std::vector<ExportField> found = source.fields_of("t").value();
  for (const ExportField& field : found) fields.emplace_back(field.column, field.kind);
  EXPECT_THAT(fields, ElementsAre(testing::Pair("p.x", ColumnKind::kText),
                                  testing::Pair("p.y", ColumnKind::kDouble),
                                  testing::Pair("timestamp_", ColumnKind::kInt),
                                  testing::Pair("z", ColumnKind::kDouble)));
  const ExportSource chosen(playlist, {.columns = {"p", "nowhere"}}, {}, {});
  EXPECT_EQ(chosen.fields_of("t")->size(), 2u);
}

// From a bag's columns, and by points as a filter, a limit or a second bag asks for it.
TEST_F(ExportSourceTest, GivesTheSameRowsWhicheverWayItReads) {
  RandomFields random(7);
  std::vector<BagPoint> points;
  for (int i = 0; i < 3'000; ++i) points.push_back({"t", 1.0 + i, random.fields(6)});
  const std::string path = write_bag(dir_.path("a.zbag"), points);
  const std::vector<std::string> rows = rows_of({path}, "t", {});
  EXPECT_EQ(rows.size(), points.size());
  const PointCondition everything = PointCondition::parse("_ts > 0").value();
  EXPECT_EQ(rows_of({path}, "t", {.where = everything}), rows);
  EXPECT_EQ(rows_of({path}, "t", {.limit = 1'000'000}), rows);

  const auto middle = points.begin() + 1'500;
  const std::string first = write_bag(dir_.path("b.zbag"), {points.begin(), middle});
  const std::string second = write_bag(dir_.path("c.zbag"), {middle, points.end()});
  EXPECT_EQ(rows_of({second, first}, "t", {}), rows);
}

TEST_F(ExportSourceTest, PassesOverPointsThatAreNotWanted) {
  const std::string path =
      write_bag(dir_.path("a.zbag"),
                {{"t", 1.0, {{"x", 1}}}, {"t", 2.0, {{"x", 2}}}, {"t", 3.0, {{"x", 3}}}});
  const PointCondition is_late = PointCondition::parse("_ts > 1.5").value();
  EXPECT_THAT(rows_of({path}, "t", {.where = is_late}),
              ElementsAre("2000000000 2", "3000000000 3"));
  EXPECT_THAT(rows_of({path}, "t", {.where = is_late, .limit = 1}), ElementsAre("2000000000 2"));
}

// Lists become columns, but where none that is chosen holds a value: else the field would be gone.
TEST_F(ExportSourceTest, ExpandsListsThatHoldSomething) {
  const std::string path =
      write_bag(dir_.path("a.zbag"), {{"t", 1.0, {{"a_x", Array{7, 8}}, {"n", 1}}},
                                      {"t", 2.0, {{"a", Array{1, 2}}, {"n", 2}}},
                                      {"t", 3.0, {{"a", Array{3}}, {"n", 3}}}});
  const ExportChoice choice = {.where = PointCondition::parse("n > 1").value(),
                               .expands_arrays = true};
  Playlist playlist = Playlist::open({path}).value();
  const ExportSource source(playlist, choice, {}, {});
  std::vector<std::string> names;
  const std::vector<ExportField> found = source.fields_of("t").value();
  for (const ExportField& field : found) names.push_back(field.column);
  EXPECT_THAT(names, ElementsAre("a_x_", "a_y", "a_x", "n"));
  EXPECT_THAT(rows_of({path}, "t", choice),
              ElementsAre("2000000000 1 2 null 2", "3000000000 3 null null 3"));
}

// What lies in a bag beside its points: names and bytes.
TEST_F(ExportSourceTest, GivesAttachmentsAndLeavesOutDamagedOnes) {
  const std::string path = write_bag(dir_.path("in.zbag"), {{"arm", 1.0, {{"q", 1}}}});
  {
    const auto file = BagFile::open_to_write(path, 0).value();
    const auto txn = file->env().write().value();
    std::string sealed = "resolution: 0.05";
    seal_record(kAttachmentsTable, "map.yaml", sealed);
    ASSERT_TRUE(txn->put(file->tables().attachments, "map.yaml", sealed));
    ASSERT_TRUE(txn->put(file->tables().attachments, "stray", sealed));
    ASSERT_TRUE(txn->commit());
  }
  Playlist playlist = Playlist::open({path}).value();
  std::vector<std::string> notes;
  const ExportSource source(playlist, {}, {},
                            [&](const Remark& remark) { notes.push_back(remark.what); });
  std::vector<std::string> found;
  ASSERT_TRUE(source.each_attachment([&](std::string_view name, std::string_view content) {
    found.push_back(std::string(name).append(": ").append(content));
    return Status();
  }));
  EXPECT_THAT(found, ElementsAre("map.yaml: resolution: 0.05"));
  EXPECT_THAT(notes, ElementsAre(testing::HasSubstr("stray is damaged")));
}

// By --where, by --limit, and by a range in which a track has a gap.
TEST_F(ExportSourceTest, LeavesOutTracksWithoutAChosenPointAndSaysSo) {
  const std::string path = write_bag(dir_.path("in.zbag"), {{"arm", 1.0, {{"q", 1}}},
                                                            {"gap", 1.5, {{"q", 1}}},
                                                            {"leg", 2.0, {{"q", 2}}},
                                                            {"arm", 3.0, {{"q", 3}}},
                                                            {"gap", 4.0, {{"q", 1}}}});
  const auto left = [&](ExportChoice choice) {
    Playlist playlist = Playlist::open({path}).value();
    std::vector<std::string> told;
    ExportSource source(playlist, std::move(choice), {},
                        [&](const Remark& remark) { told.push_back(remark.which); });
    EXPECT_TRUE(source.leave_out_without_points());
    std::vector<std::string> found = source.track_names();
    found.emplace_back("told:");
    found.insert(found.end(), told.begin(), told.end());
    return found;
  };
  EXPECT_THAT(left({}), ElementsAre("arm", "gap", "leg", "told:"));
  EXPECT_THAT(left({.where = PointCondition::parse("q > 1").value()}),
              ElementsAre("arm", "leg", "told:", "gap"));
  EXPECT_THAT(left({.limit = 2}), ElementsAre("arm", "gap", "told:", "leg"));
  EXPECT_THAT(left({.selection = {.range = {1'750'000'000, 3'000'000'000}}}),
              ElementsAre("arm", "leg", "told:", "gap"));
  EXPECT_THAT(left({.where = PointCondition::parse("q > 9").value()}),
              ElementsAre("arm", "gap", "leg", "told:"));
}

TEST_F(ExportSourceTest, LeavesOutWhatAFormatHasNoPlaceFor) {
  const std::string path =
      write_bag(dir_.path("in.zbag"), {{"arm", 1.0, {{"q", 1}}}, {"leg", 2.0, {{"q", 2}}}});
  Playlist playlist = Playlist::open({path}).value();
  ExportSource source(playlist, {}, {}, {});
  source.leave_out("arm");
  EXPECT_THAT(source.track_names(), ElementsAre("leg"));
  std::vector<std::string> tracks;
  ASSERT_TRUE(source.each_point([&](const PointView& point) {
    tracks.emplace_back(point.track);
    return Status();
  }));
  EXPECT_THAT(tracks, ElementsAre("leg"));
}

}  // namespace
}  // namespace zbag
