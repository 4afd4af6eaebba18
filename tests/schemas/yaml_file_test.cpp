#include "schemas/yaml_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;

class YamlFileTest : public testing::Test {
 protected:
  Result<YAML::Node> load(const std::string& text) {
    std::ofstream(path_) << text;
    return load_yaml(path_);
  }
  std::string error_of(const std::string& text) {
    const Result<YAML::Node> node = load(text);
    EXPECT_FALSE(node);
    return node ? "" : node.error().message;
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.yaml");
};

TEST_F(YamlFileTest, ReadsOneDocument) {
  EXPECT_EQ((*load("a: {b: [1, 2]}"))["a"]["b"][1].as<int>(), 2);
  EXPECT_TRUE(load("---\na: 1\n...\n")->IsMap());
  EXPECT_TRUE(load("# nothing\n")->IsNull());
  EXPECT_TRUE(load("")->IsNull());
}

TEST_F(YamlFileTest, RefusesWhatWouldBeIgnored) {
  EXPECT_THAT(error_of("a: 1\nb: 2\na: 3\n"), HasSubstr("a.yaml:3: a is there twice"));
  EXPECT_THAT(error_of("a:\n  - {x: 1, x: 2}\n"), HasSubstr("a.yaml:2: x is there twice"));
  EXPECT_THAT(error_of("a: 1\n---\nb: 2\n"), HasSubstr("a second document"));
  EXPECT_THAT(error_of("{[1]: 2}"), HasSubstr("a key is no text"));
}

TEST_F(YamlFileTest, BoundsWhatAliasesStandFor) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string of = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += (k > 0 ? ", " : "") + of;
    text += "]\n";
  }
  EXPECT_THAT(error_of(text), HasSubstr("more than 100000 values"));
  EXPECT_THAT(error_of(std::string((1u << 20) + 1, ' ')), HasSubstr("more than 1 MiB"));
}

// Would be waited for, without end.
TEST_F(YamlFileTest, WaitsForNoPipe) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(load_yaml(path_).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(load_yaml(dir_.path("")).error().message, HasSubstr("is no file"));
  EXPECT_THAT(load_yaml(dir_.path("none")).error().message, HasSubstr("no such file"));
}

TEST_F(YamlFileTest, NamesTheLineThatIsNoYaml) {
  EXPECT_THAT(error_of("a: 1\nb: [\n"), HasSubstr("a.yaml:"));
}

}  // namespace
}  // namespace zbag
