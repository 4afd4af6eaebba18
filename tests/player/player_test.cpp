#include "player/player.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "tests/support/fake_sink.hpp"
#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_for.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PlayerTest : public testing::Test {
 protected:
  PlayerTest() : session_(session_into(sent_, time_)) {}

  Player& open(const std::vector<BagPoint>& points, Player::Options options) {
    return open_bags({write_bag(dir_.path("1.zbag"), points)}, std::move(options));
  }
  Player& open_bags(const std::vector<std::string>& paths, Player::Options options) {
    playlist_ = Playlist::open(paths).value();
    options.now = [this] {
      return PlaybackClock::SteadyTime(std::chrono::nanoseconds(steady_ns_.load()));
    };
    player_ = Player::open(*playlist_, *session_, std::move(options)).value();
    return *player_;
  }
  std::vector<std::string> sent_tracks() const {
    std::vector<std::string> tracks;
    for (const SentFrames::Sent& sent : sent_.all()) tracks.push_back(sent.track);
    return tracks;
  }
  bool wait_published(std::uint64_t count) {
    return wait_for([&] { return player_->status().published == count; });
  }
  // Plays on a thread until the guard goes.
  class Playing {
   public:
    explicit Playing(Player& player)
        : player_(player), thread_([&player] { EXPECT_TRUE(player.run()); }) {}
    ~Playing() {
      player_.stop();
      thread_.join();
    }

   private:
    Player& player_;
    std::thread thread_;
  };

  static Timestamp at(double seconds) { return Timestamp::from_seconds(seconds).value(); }
  static std::vector<BagPoint> seconds(int count) {
    std::vector<BagPoint> points;
    for (int i = 1; i <= count; ++i) points.push_back({"a", i * 1.0, {{"x", i}}});
    return points;
  }

  TempDir dir_;
  SentFrames sent_;
  ManualTime time_;
  std::atomic<std::int64_t> steady_ns_{0};
  std::unique_ptr<Session> session_;
  std::optional<Playlist> playlist_;
  std::unique_ptr<Player> player_;
};

TEST_F(PlayerTest, PlaysABagInABurst) {
  ASSERT_TRUE(open(seconds(3), {.burst = true}).run());
  EXPECT_THAT(sent_.stamps(), ElementsAre(1.0, 2.0, 3.0));
  EXPECT_EQ(sent_.all()[2].fields, (Fields{{"x", 3}}));
  EXPECT_EQ(player_->status().published, 3u);
  EXPECT_EQ(player_->skipped_points(), 0u);
}

// cli.md: replayed frames keep `_ts`; `_src` and `_seq` are those of the player.
TEST_F(PlayerTest, NumbersTheFramesItself) {
  ASSERT_TRUE(open(seconds(2), {.burst = true}).run());
  const std::vector<SentFrames::Sent> sent = sent_.all();
  EXPECT_EQ(sent[1].scan.seq, 1u);
  EXPECT_EQ(sent[1].scan.src, session_->src());
}

TEST_F(PlayerTest, KeepsTheStampBitForBit) {
  ASSERT_TRUE(
      open({{"a", 1795202544.4515257, {{"x", 1}}}, {"a", 0.033 * 7, {{"x", 2}}}}, {.burst = true})
          .run());
  EXPECT_THAT(sent_.stamps(), ElementsAre(0.033 * 7, 1795202544.4515257));
}

TEST_F(PlayerTest, PlaysSeveralBagsAsOne) {
  const std::string first =
      write_bag(dir_.path("1.zbag"), {{"b", 1.0, {{"x", 1}}}, {"b", 3.0, {{"x", 2}}}});
  const std::string second =
      write_bag(dir_.path("2.zbag"), {{"b", 1.0, {{"x", 3}}}, {"a", 1.0, {{"x", 4}}}});
  ASSERT_TRUE(open_bags({first, second}, {.burst = true}).run());
  EXPECT_THAT(sent_tracks(), ElementsAre("a", "b", "b", "b"));
  EXPECT_EQ(sent_.all()[1].fields, (Fields{{"x", 1}}));
  EXPECT_EQ(sent_.all()[2].fields, (Fields{{"x", 3}}));
}

TEST_F(PlayerTest, RenamesTracks) {
  ASSERT_TRUE(open({{"a", 1.0, {{"x", 1}}}, {"b", 2.0, {{"x", 2}}}},
                   {.burst = true, .remap = {{"a", "robot/arm"}}})
                  .run());
  EXPECT_THAT(sent_tracks(), ElementsAre("robot/arm", "b"));
}

TEST_F(PlayerTest, PutsAPrefixBeforeEveryName) {
  ASSERT_TRUE(open({{"a", 1.0, {{"x", 1}}}, {"b", 2.0, {{"x", 2}}}},
                   {.burst = true, .remap = {{"a", "c"}}, .prefix = "replay"})
                  .run());
  EXPECT_THAT(sent_tracks(), ElementsAre("replay/c", "replay/b"));
}

TEST_F(PlayerTest, RefusesANameThatIsNone) {
  Playlist playlist = Playlist::open({write_bag(dir_.path("1.zbag"), seconds(1))}).value();
  const auto player = Player::open(playlist, *session_, {.remap = {{"a", "b//c"}}});
  ASSERT_FALSE(player);
  EXPECT_EQ(player.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(player.error().message, HasSubstr("b//c"));
}

TEST_F(PlayerTest, PlaysARangeAlone) {
  const TimeRange range =
      TimeRange::closed(*Timestamp::from_seconds(2.0), *Timestamp::from_seconds(4.0));
  ASSERT_TRUE(open(seconds(9), {.burst = true, .range = range}).run());
  EXPECT_THAT(sent_.stamps(), ElementsAre(2.0, 3.0, 4.0));
}

TEST_F(PlayerTest, PlaysNothingOutsideTheRecording) {
  const TimeRange range =
      TimeRange::closed(*Timestamp::from_seconds(20.0), *Timestamp::from_seconds(40.0));
  ASSERT_TRUE(open(seconds(3), {.burst = true, .range = range}).run());
  EXPECT_THAT(sent_.stamps(), IsEmpty());
}

TEST_F(PlayerTest, PlaysAnEmptyBag) {
  ASSERT_TRUE(open({}, {.burst = true}).run());
  EXPECT_THAT(sent_.stamps(), IsEmpty());
}

TEST_F(PlayerTest, PlaysChosenTracksAlone) {
  ASSERT_TRUE(open({{"a", 1.0, {{"x", 1}}}, {"b", 2.0, {{"x", 2}}}},
                   {.burst = true, .filter = TrackFilter::parse({}, {"a"}).value()})
                  .run());
  EXPECT_THAT(sent_tracks(), ElementsAre("b"));
}

// cli.md: each lap adds the recording's length plus one median step.
TEST_F(PlayerTest, ShiftsTheStampsOfEveryLap) {
  Player::Options options{.burst = true, .loop = true};
  options.on_sent = [this](std::int64_t) {
    if (sent_.count() == 7) player_->stop();
  };
  ASSERT_TRUE(open(seconds(3), std::move(options)).run());
  EXPECT_THAT(sent_.stamps(), ElementsAre(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0));
  EXPECT_EQ(player_->status().laps, 2u);
}

TEST_F(PlayerTest, PacesByItsClock) {
  Player& player = open(seconds(3), {.rate = 0.5});
  const Playing playing(player);
  ASSERT_TRUE(wait_published(1));
  steady_ns_ = 1'999'999'999;
  EXPECT_NEAR(player.status().time, 2.0, 1e-6);
  EXPECT_EQ(player.status().published, 1u);
  steady_ns_ = 2'000'000'001;
  ASSERT_TRUE(wait_published(2));
  steady_ns_ = 4'000'000'001;
  ASSERT_TRUE(wait_published(3));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1.0, 2.0, 3.0));
}

// A wait for a listener passes between open() and run(): it must not be followed by a heap of
// frames.
TEST_F(PlayerTest, StartsItsClockWhenItBeginsToSend) {
  Player& player = open(seconds(3), {});
  steady_ns_ = 100'000'000'000;
  EXPECT_TRUE(player.status().waiting);
  EXPECT_EQ(player.status().time, 1.0);
  const Playing playing(player);
  ASSERT_TRUE(wait_published(1));
  EXPECT_FALSE(player.status().waiting);
  EXPECT_EQ(player.status().time, 1.0);
  steady_ns_ = 101'000'000'001;
  EXPECT_TRUE(wait_published(2));
}

TEST_F(PlayerTest, StartsItsClockAtTheFirstPointThatIsChosen) {
  std::vector<BagPoint> points = seconds(9);
  points.push_back({"b", 5.0, {{"x", 1}}});
  points.push_back({"b", 7.5, {{"x", 2}}});
  Player& player = open(points, {.filter = TrackFilter::parse({"b"}).value()});
  EXPECT_EQ(player.status().start, 5.0);
  EXPECT_EQ(player.status().end, 7.5);
  const Playing playing(player);
  EXPECT_TRUE(wait_published(1));
  EXPECT_EQ(player.status().time, 5.0);
}

TEST_F(PlayerTest, KnowsWhenNothingIsChosen) {
  EXPECT_FALSE(open(seconds(3), {.filter = TrackFilter::parse({"b"}).value()}).has_anything());
  EXPECT_FALSE(open_bags({dir_.path("1.zbag")}, {.range = TimeRange::closed(at(1.1), at(1.9))})
                   .has_anything());
  EXPECT_TRUE(open_bags({dir_.path("1.zbag")}, {}).has_anything());
}

TEST_F(PlayerTest, HoldsFromItsFirstPointOnWhatWasAskedBefore) {
  Player& player = open(seconds(9), {});
  player.seek(at(4.0));
  player.pause();
  EXPECT_EQ(player.status().time, 4.0);
  const Playing playing(player);
  player.step(1);
  ASSERT_TRUE(wait_published(1));
  EXPECT_THAT(sent_.stamps(), ElementsAre(4.0));
}

TEST_F(PlayerTest, TellsAtOnceWhereASeekLeads) {
  Player& player = open(seconds(9), {.start_paused = true});
  const Playing playing(player);
  player.seek(at(7.0));
  EXPECT_EQ(player.status().time, 7.0);
}

TEST_F(PlayerTest, AwaitsTheStepsThatWereAskedFor) {
  Player& player = open(seconds(9), {.start_paused = true});
  const Playing playing(player);
  ASSERT_TRUE(wait_for([&] { return !player.status().waiting; }));
  player.step(4);
  ASSERT_TRUE(player.await_steps(std::chrono::seconds(30)));
  EXPECT_EQ(player.status().published, 4u);
  EXPECT_EQ(player.status().time, 4.0);
  player.step(1000);
  EXPECT_FALSE(player.await_steps(std::chrono::seconds(30)));  // the end came first
  EXPECT_EQ(player.status().published, 9u);
}

TEST_F(PlayerTest, SkipsSilenceThatIsTooLong) {
  const std::vector<BagPoint> points = {
      {"a", 1.0, {}}, {"a", 3.0, {}}, {"a", 1e6, {}}, {"a", 1e6 + 2.0, {}}};
  std::vector<std::string> told;
  Player& player = open(points, {.max_gap = std::chrono::seconds(3),
                                 .tell = [&](const std::string& text) { told.push_back(text); }});
  {
    const Playing playing(player);
    ASSERT_TRUE(wait_published(1));
    steady_ns_ = 2'000'000'001;
    ASSERT_TRUE(wait_published(3));
    EXPECT_EQ(player.status().time, 1e6);
    steady_ns_ = 4'000'000'002;
    ASSERT_TRUE(wait_published(4));
  }
  EXPECT_THAT(told, ElementsAre(HasSubstr("skips 999997.0 s")));
}

TEST_F(PlayerTest, TellsOfALongSilenceWhenItBegins) {
  std::vector<std::string> told;
  Player& player = open({{"a", 1.0, {}}, {"a", 9.0, {}}, {"a", 20.0, {}}},
                        {.tell = [&](const std::string& text) { told.push_back(text); }});
  {
    const Playing playing(player);
    ASSERT_TRUE(wait_published(1));
    steady_ns_ = 8'000'000'001;
    ASSERT_TRUE(wait_published(2));
    steady_ns_ = 19'000'000'002;
    ASSERT_TRUE(wait_published(3));
  }
  EXPECT_THAT(told, ElementsAre(testing::AllOf(HasSubstr("11.0 s"), HasSubstr("--max-gap"))));
}

TEST_F(PlayerTest, WaitsOneStepBetweenTwoLaps) {
  Player& player = open(seconds(3), {.loop = true});
  const Playing playing(player);
  ASSERT_TRUE(wait_published(1));
  steady_ns_ = 2'000'000'000;
  ASSERT_TRUE(wait_published(3));
  steady_ns_ = 2'999'999'000;
  EXPECT_EQ(player.status().laps, 0u);
  EXPECT_EQ(player.status().published, 3u);
  steady_ns_ = 3'000'000'001;
  ASSERT_TRUE(wait_published(4));
  steady_ns_ = 4'000'000'001;
  ASSERT_TRUE(wait_published(5));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1.0, 2.0, 3.0, 4.0, 5.0));
}

TEST_F(PlayerTest, LoopsOnePointOnceASecond) {
  Player& player = open(seconds(1), {.loop = true});
  const Playing playing(player);
  for (std::uint64_t laps = 1; laps <= 4; ++laps) {
    ASSERT_TRUE(wait_published(laps));
    steady_ns_ += 1'000'000'001;
  }
  ASSERT_TRUE(wait_published(5));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1.0, 2.0, 3.0, 4.0, 5.0));
}

TEST_F(PlayerTest, EndsALoopThatPlaysNothing) {
  const Status ended =
      open(seconds(3), {.burst = true, .loop = true, .filter = TrackFilter::parse({"b"}).value()})
          .run();
  EXPECT_TRUE(ended);
}

// The largest stamp there is: one more lap would begin in the past.
TEST_F(PlayerTest, EndsALoopBeforeItsStampsOverflow) {
  Player& player = open({{"a", 9.2e9, {}}, {"a", 9.21e9, {}}}, {.burst = true, .loop = true});
  const Status ended = player.run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(ended.error().message, HasSubstr("2262"));
  EXPECT_EQ(player.status().published, 2u);
}

TEST_F(PlayerTest, PlaysStampsFromOneEndOfTimeToTheOther) {
  ASSERT_TRUE(open({{"a", -9.2e9, {}}, {"a", 9.2e9, {}}}, {.burst = true}).run());
  EXPECT_THAT(sent_.stamps(), ElementsAre(-9.2e9, 9.2e9));
  EXPECT_EQ(open_bags({dir_.path("1.zbag")}, {.burst = true, .loop = true}).run().error().code,
            ErrorCode::kUnsupported);
}

TEST_F(PlayerTest, StepsWhilePaused) {
  Player& player = open(seconds(5), {.start_paused = true});
  const Playing playing(player);
  EXPECT_TRUE(player.status().paused);
  player.step(2);
  ASSERT_TRUE(wait_published(2));
  EXPECT_EQ(player.status().time, 2.0);
  player.step(1);
  ASSERT_TRUE(wait_published(3));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1.0, 2.0, 3.0));
  EXPECT_TRUE(player.status().paused);
}

TEST_F(PlayerTest, GoesOnWhenResumed) {
  Player& player = open(seconds(3), {.burst = true, .start_paused = true});
  const Playing playing(player);
  player.step(1);
  ASSERT_TRUE(wait_published(1));
  player.resume();
  EXPECT_TRUE(wait_published(3));
}

TEST_F(PlayerTest, SeeksWhilePaused) {
  Player& player = open(seconds(9), {.start_paused = true});
  const Playing playing(player);
  player.seek(at(7.0));
  player.step(1);
  ASSERT_TRUE(wait_published(1));
  player.seek(at(2.5));
  player.step(1);
  ASSERT_TRUE(wait_published(2));
  EXPECT_THAT(sent_.stamps(), ElementsAre(7.0, 3.0));
}

TEST_F(PlayerTest, ClampsASeekToTheRange) {
  Player& player = open(seconds(9), {.start_paused = true});
  const Playing playing(player);
  player.seek(at(1e6));
  player.step(1);
  ASSERT_TRUE(wait_published(1));
  EXPECT_THAT(sent_.stamps(), ElementsAre(9.0));
}

TEST_F(PlayerTest, RefusesARateThatIsNone) {
  Player& player = open(seconds(1), {});
  for (const double rate : {0.0, -1.0, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(player.set_rate(rate).error().code, ErrorCode::kInvalid);
  }
  EXPECT_TRUE(player.set_rate(2.0));
  EXPECT_EQ(player.status().rate, 2.0);
}

TEST_F(PlayerTest, TogglesItsPause) {
  Player& player = open(seconds(1), {});
  EXPECT_TRUE(player.toggle());
  EXPECT_FALSE(player.toggle());
  player.pause();
  EXPECT_TRUE(player.status().paused);
}

// A subscriber that is slow makes the player wait rather than lose frames.
TEST_F(PlayerTest, TriesAgainWhenTheBusTakesNothing) {
  Player& player = open(seconds(2), {.burst = true});
  sent_.fail_track("a", ErrorCode::kTimeout);
  const Playing playing(player);
  EXPECT_EQ(player.status().published, 0u);
  sent_.heal();
  EXPECT_TRUE(wait_published(2));
}

TEST_F(PlayerTest, PassesOnAnErrorOfTheBus) {
  Player& player = open(seconds(2), {.burst = true});
  sent_.fail_track("a", ErrorCode::kIo);
  EXPECT_EQ(player.run().error().code, ErrorCode::kIo);
}

TEST_F(PlayerTest, KnowsItsRange) {
  const PlayerStatus status = open(seconds(9), {.rate = 3.0}).status();
  EXPECT_EQ(status.start, 1.0);
  EXPECT_EQ(status.end, 9.0);
  EXPECT_EQ(status.rate, 3.0);
  EXPECT_FALSE(status.paused);
}

}  // namespace
}  // namespace zbag
