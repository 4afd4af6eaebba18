#include "recorder/bag/read/playlist.hpp"

#include <gmock/gmock.h>

#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class PlaylistTest : public testing::Test {
 protected:
  std::string bag(const std::string& name, const std::vector<BagPoint>& points) {
    return write_bag(dir_.path(name), points);
  }
  // "track@seconds:x" of every chosen point.
  static std::vector<std::string> walk(Playlist& playlist) {
    std::vector<std::string> seen;
    while (true) {
      const std::optional<PointView> point = playlist.next().value();
      if (!point) return seen;
      const std::uint64_t x = *find_field(point->fields().value(), "x")->get_if<std::uint64_t>();
      seen.push_back(std::string(point->track) + "@" + seconds_text(point->stamp().seconds()) +
                     ":" + std::to_string(x));
    }
  }
  static std::vector<std::string> walk(Playlist& playlist, const BagReader::Selection& selection) {
    EXPECT_TRUE(playlist.select(selection));
    return walk(playlist);
  }

  TempDir dir_;
};

TEST_F(PlaylistTest, MergesBagsByTime) {
  const std::string first = bag("1.zbag", {{"a", 1.0, {{"x", 1}}}, {"a", 3.0, {{"x", 2}}}});
  const std::string second = bag("2.zbag", {{"b", 2.0, {{"x", 3}}}, {"b", 0.5, {{"x", 4}}}});
  Playlist playlist = Playlist::open({first, second}).value();
  EXPECT_THAT(walk(playlist, {}), ElementsAre("b@0.5:4", "a@1.0:1", "b@2.0:3", "a@3.0:2"));
}

TEST_F(PlaylistTest, OrdersEqualStampsByTrackThenByBag) {
  const std::string first = bag("1.zbag", {{"b", 1.0, {{"x", 1}}}, {"c", 1.0, {{"x", 2}}}});
  const std::string second = bag("2.zbag", {{"b", 1.0, {{"x", 3}}}, {"a", 1.0, {{"x", 4}}}});
  Playlist playlist = Playlist::open({first, second}).value();
  EXPECT_THAT(walk(playlist, {}), ElementsAre("a@1.0:4", "b@1.0:1", "b@1.0:3", "c@1.0:2"));
}

TEST_F(PlaylistTest, WalksBackwards) {
  const std::string first = bag("1.zbag", {{"a", 1.0, {{"x", 1}}}, {"a", 3.0, {{"x", 2}}}});
  const std::string second = bag("2.zbag", {{"b", 2.0, {{"x", 3}}}});
  Playlist playlist = Playlist::open({first, second}).value();
  EXPECT_THAT(walk(playlist, {.reverse = true}), ElementsAre("a@3.0:2", "b@2.0:3", "a@1.0:1"));
}

TEST_F(PlaylistTest, ChoosesByRangeAndFilter) {
  std::vector<BagPoint> points;
  for (int i = 0; i < 10; ++i) {
    points.push_back({"a", i * 1.0, {{"x", i}}});
    points.push_back({"b", i * 1.0, {{"x", i}}});
  }
  Playlist playlist = Playlist::open({bag("1.zbag", points)}).value();
  const TimeRange range =
      TimeRange::closed(*Timestamp::from_seconds(2.0), *Timestamp::from_seconds(4.0));
  EXPECT_THAT(walk(playlist, {.range = range, .filter = TrackFilter::parse({"b"}).value()}),
              ElementsAre("b@2.0:2", "b@3.0:3", "b@4.0:4"));
}

TEST_F(PlaylistTest, GoesToTheFirstPointOfARange) {
  std::vector<BagPoint> points;
  for (int i = 0; i < 10; ++i) points.push_back({"a", i * 1.0, {{"x", i}}});
  Playlist playlist = Playlist::open({bag("1.zbag", points)}).value();
  ASSERT_EQ(walk(playlist, {}).size(), 10u);
  playlist.seek({Timestamp::from_seconds(7.5)->ns(), TimeRange::all().last});
  EXPECT_THAT(walk(playlist), ElementsAre("a@8.0:8", "a@9.0:9"));
}

TEST_F(PlaylistTest, GoesOnAfterItLetGoOfItsTransactions) {
  const std::string first = bag("1.zbag", {{"a", 1.0, {{"x", 1}}}, {"a", 3.0, {{"x", 2}}}});
  const std::string second = bag("2.zbag", {{"b", 2.0, {{"x", 3}}}, {"b", 4.0, {{"x", 4}}}});
  Playlist playlist = Playlist::open({first, second}).value();
  ASSERT_TRUE(playlist.select({}));
  ASSERT_TRUE(playlist.next().value());
  playlist.release();
  EXPECT_THAT(walk(playlist), ElementsAre("b@2.0:3", "a@3.0:2", "b@4.0:4"));
}

TEST_F(PlaylistTest, KnowsItsExtentAndSize) {
  const std::string first = bag("1.zbag", {{"a", 1.0, {{"x", 1}}}, {"a", 3.0, {{"x", 2}}}});
  const std::string second = bag("2.zbag", {{"b", 0.5, {{"x", 3}}}});
  const Playlist playlist = Playlist::open({first, second}).value();
  EXPECT_EQ(playlist.extent()->first, 500'000'000);
  EXPECT_EQ(playlist.extent()->last, 3'000'000'000);
  EXPECT_EQ(playlist.points(), 3u);
}

TEST_F(PlaylistTest, HasNoExtentWithoutPoints) {
  Playlist playlist = Playlist::open({bag("1.zbag", {})}).value();
  EXPECT_FALSE(playlist.extent());
  EXPECT_THAT(walk(playlist, {}), IsEmpty());
}

TEST_F(PlaylistTest, NamesTheBagItCannotOpen) {
  const std::string there = bag("1.zbag", {});
  const Result<Playlist> playlist = Playlist::open({there, dir_.path("none.zbag")});
  ASSERT_FALSE(playlist);
  EXPECT_EQ(playlist.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(playlist.error().message, testing::HasSubstr("none.zbag"));
}

TEST_F(PlaylistTest, GoesOnWithoutABagThatIsPassedOver) {
  const std::string none = dir_.path("none.zbag");
  std::vector<std::string> passed;
  const auto pass_over = [&](const std::string& path, const Error& error) {
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    passed.push_back(path);
    return true;
  };
  Playlist playlist =
      Playlist::open({none, bag("1.zbag", {{"a", 1.0, {{"x", 1}}}})}, pass_over).value();
  EXPECT_EQ(playlist.points(), 1u);
  EXPECT_THAT(walk(playlist, {}), SizeIs(1));
  EXPECT_THAT(passed, testing::ElementsAre(none));
  EXPECT_EQ(Playlist::open({none}, pass_over).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace zbag
