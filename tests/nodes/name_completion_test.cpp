#include "nodes/name_completion.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> kNames{"\"pose.x\"", "\"pose.y\"", "\"robot/arm\"", "\"robot/imu\"",
                                      "ax",         "odd",        "odder",         "runs"};

// The whole line as Tab leaves it.
std::string completed(const std::string& before) {
  const NameCompletion found = complete_name(before, kNames);
  return before.substr(0, found.begin) + found.text;
}

TEST(NameCompletionTest, ANameThatNeedsQuotesGetsThem) {
  EXPECT_EQ(completed("SELECT ax FROM robot/i"), "SELECT ax FROM \"robot/imu\"");
  EXPECT_EQ(completed("SELECT pose.x"), "SELECT \"pose.x\"");
  EXPECT_EQ(completed("SELECT max(po"), "SELECT max(\"pose.");
}

TEST(NameCompletionTest, ANameInOpenQuotesIsClosed) {
  EXPECT_EQ(completed("FROM \"robot/i"), "FROM \"robot/imu\"");
  EXPECT_EQ(completed("SELECT \"pose."), "SELECT \"pose.");
  EXPECT_EQ(completed("SELECT \"pose.x\", \"robot/a"), "SELECT \"pose.x\", \"robot/arm\"");
}

TEST(NameCompletionTest, OfSeveralIsTakenWhatTheyHaveInCommon) {
  EXPECT_EQ(completed("FROM rob"), "FROM \"robot/");
  EXPECT_THAT(complete_name("FROM \"robot/", kNames).names,
              ElementsAre("\"robot/arm\"", "\"robot/imu\""));
  // Not all of them need quotes.
  EXPECT_EQ(completed("FROM r"), "FROM r");
  EXPECT_EQ(completed("FROM od"), "FROM odd");
  EXPECT_THAT(complete_name("FROM odd", kNames).names, ElementsAre("odd", "odder"));
}

TEST(NameCompletionTest, ADotPartsATableFromItsColumn) {
  EXPECT_EQ(completed("SELECT imu.a"), "SELECT imu.ax");
  EXPECT_EQ(completed("SELECT \"robot/imu\".po"), "SELECT \"robot/imu\".\"pose.");
}

TEST(NameCompletionTest, WhatNobodyKnowsStays) {
  EXPECT_EQ(completed("SELECT nope"), "SELECT nope");
  EXPECT_THAT(complete_name("SELECT nope", kNames).names, IsEmpty());
  // "odd is no name that needs a quote.
  EXPECT_EQ(completed("SELECT \"odd"), "SELECT \"odd");
}

}  // namespace
}  // namespace zbag
