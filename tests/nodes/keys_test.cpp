#include "nodes/keys.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace zbag {
namespace {

using testing::ElementsAre;

std::vector<Key> keys_of(std::string pending, std::string* rest = nullptr) {
  std::vector<Key> keys;
  while (const std::optional<Key> key = take_key(pending)) keys.push_back(*key);
  if (rest != nullptr) *rest = pending;
  return keys;
}

// Keys that are held down come several at once.
TEST(TakeKeyTest, LosesNoneOfABurst) {
  EXPECT_THAT(keys_of("\x1b[C\x1b[C \x1b[5~\x1b[A"),
              ElementsAre(Key::kRight, Key::kRight, Key::kSpace, Key::kPageUp, Key::kUp));
}

TEST(TakeKeyTest, WaitsForTheRestOfASequence) {
  std::string rest;
  EXPECT_THAT(keys_of(" \x1b[6", &rest), ElementsAre(Key::kSpace));
  EXPECT_EQ(rest, "\x1b[6");
  EXPECT_THAT(keys_of(rest + "~"), ElementsAre(Key::kPageDown));
}

TEST(TakeKeyTest, PassesOverWhatMeansNothing) {
  EXPECT_THAT(keys_of("x\x1b[1;5C\x1b[3~\x1bz\n "), ElementsAre(Key::kSpace));
}

TEST(TakeKeyTest, KnowsTheArrowsOfApplicationMode) {
  EXPECT_THAT(keys_of("\x1bOA\x1bOB\x1bOC\x1bOD"),
              ElementsAre(Key::kUp, Key::kDown, Key::kRight, Key::kLeft));
}

TEST(TakeKeyTest, KnowsTheKeysOfTables) {
  EXPECT_THAT(keys_of("qsr\x1b[H\x1b[F\x1b[1~\x1b[4~\x1bOH\x1bOF"),
              ElementsAre(Key::kQuit, Key::kSort, Key::kReverse, Key::kHome, Key::kEnd, Key::kHome,
                          Key::kEnd, Key::kHome, Key::kEnd));
}

}  // namespace
}  // namespace zbag
