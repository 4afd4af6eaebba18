#include "player/imports/lerobot/set_info.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string with_features(const std::string& features) {
  return R"({"codebase_version":"v3.0","fps":30,"data_path":"data/{file_index}.parquet",)"
         R"("features":)" +
         features + "}";
}

std::vector<std::string> names_of(const std::string& names, int count = 2) {
  const std::string feature =
      R"({"dtype":"float32","shape":[)" + std::to_string(count) + R"(],"names":)" + names + "}";
  return parse_set_info(with_features(R"({"x":)" + feature + "}")).value().features[0].names;
}

TEST(SetInfoTest, ReadsNamesInEachOfTheirForms) {
  EXPECT_THAT(names_of(R"(["a.pos","b"])"), ElementsAre("a.pos", "b"));
  EXPECT_THAT(names_of(R"({"motors":["a","b"]})"), ElementsAre("a", "b"));
  EXPECT_THAT(names_of(R"({"y":1,"x":0})"), ElementsAre("x", "y"));
  EXPECT_THAT(names_of(R"(["a","a"])"), ElementsAre("a", "a_2"));
  EXPECT_THAT(names_of(R"(["reward"])", 1), ElementsAre("reward"));
}

TEST(SetInfoTest, PassesOverNamesThatAreNotOneOfEachNumber) {
  for (const char* const names :
       {"null", "5", "[]", "{}", R"(["motors"])", R"(["a","b","c"])", R"([1,2])",
        R"({"x":0,"y":2})", R"({"x":0,"y":0})", R"({"a":["b"],"c":["d"]})", R"([["a","b"]])",
        R"({"motors":"ab"})"})
    EXPECT_THAT(names_of(names), IsEmpty()) << names;
}

TEST(SetInfoTest, KnowsTheSidesOfPictures) {
  const auto feature_of = [](const char* shape, const char* names) {
    const std::string text = std::string(R"({"x":{"dtype":"video","shape":)") + shape +
                             R"(,"names":)" + names +
                             R"(,"video_info":{"video.is_depth_map":true}}})";
    return parse_set_info(with_features(text)).value().features[0];
  };
  const SetFeature rows_first = feature_of("[48,64,3]", R"(["height","width","channel"])");
  EXPECT_EQ(rows_first.height, 48u);
  EXPECT_EQ(rows_first.width, 64u);
  EXPECT_TRUE(rows_first.is_depth);
  EXPECT_EQ(feature_of("[3,48,64]", R"(["c","h","w"])").width, 64u);
  EXPECT_EQ(feature_of("[3,48]", R"(["c","h","w"])").width, std::nullopt);
  EXPECT_EQ(feature_of("[3,48,-64]", R"(["c","h","w"])").width, std::nullopt);
}

TEST(SetInfoTest, RefusesWhatIsNoneWithItsReason) {
  const auto why_not = [](const std::string& text) { return parse_set_info(text).error().message; };
  EXPECT_THAT(why_not("{"), HasSubstr("not JSON"));
  EXPECT_THAT(why_not("5"), HasSubstr("no JSON object"));
  EXPECT_THAT(why_not(R"({"codebase_version":"v1.6"})"), HasSubstr("v1.6; v2.0, v2.1 and v3.0"));
  EXPECT_EQ(parse_set_info(R"({"codebase_version":"v4.0"})").error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(why_not(R"({"codebase_version":"v3.0","fps":NaN})"), HasSubstr("fps"));
  EXPECT_THAT(why_not(with_features("[]")), HasSubstr("names no features"));
  EXPECT_THAT(why_not(with_features(R"({"x":[]})")), HasSubstr("feature x has no dtype"));
}

}  // namespace
}  // namespace zbag
