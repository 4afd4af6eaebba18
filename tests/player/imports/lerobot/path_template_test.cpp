#include "player/imports/lerobot/path_template.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

using testing::HasSubstr;

Result<std::string> path_of(std::string_view text, const std::string& key = "cam") {
  const Result<PathTemplate> parsed = PathTemplate::parse(text);
  if (!parsed) return tl::unexpected(parsed.error());
  return parsed->path({.episode_chunk = 1,
                       .episode_index = 1'234'567,
                       .chunk_index = 2,
                       .file_index = 30,
                       .video_key = key});
}

TEST(PathTemplateTest, FillsInTheFieldsOfBothVersions) {
  EXPECT_EQ(path_of("data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet").value(),
            "data/chunk-002/file-030.parquet");
  EXPECT_EQ(path_of("v/{episode_chunk:03d}/{video_key}/e_{episode_index:06d}.mp4").value(),
            "v/001/cam/e_1234567.mp4");
  EXPECT_EQ(path_of("{chunk_index}").value(), "2");
}

TEST(PathTemplateTest, RefusesFieldsThatItDoesNotKnow) {
  for (const char* const text :
       {"{nope}", "{}", "{0}", "{chunk_index!r}", "{chunk_index:>9d}", "{chunk_index:0d}",
        "{chunk_index:021d}", "{chunk_index:03f}", "{video_key:03d}", "{chunk_index:}"})
    EXPECT_THAT(path_of(text).error().message, HasSubstr("not known")) << text;
  for (const char* const text : {"a{", "a}", "{chunk_index", "}{", "{{chunk_index}}"})
    EXPECT_FALSE(path_of(text)) << text;
  EXPECT_FALSE(path_of(""));
  EXPECT_FALSE(path_of(std::string(2'000, 'a')));
}

TEST(PathTemplateTest, LeadsNowhereButBelow) {
  for (const char* const text :
       {"/a", "..", "../a", "a/../../b", "a/..", "a/", "a\nb", "/{video_key}"})
    EXPECT_THAT(path_of(text).error().message, HasSubstr("within the folder")) << text;
  for (const char* const key : {"..", "../x", "a/../../x", "x/..", "a\tb"})
    EXPECT_FALSE(path_of("v/{video_key}/x", key)) << key;
  EXPECT_FALSE(path_of("{video_key}", "/etc/passwd"));
  EXPECT_EQ(path_of("v/{video_key}", "a..b").value(), "v/a..b");
}

}  // namespace
}  // namespace zbag
