#include "player/exports/mcap/mcap_writer.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "player/imports/mcap/crc32.hpp"
#include "schemas/byte_io.hpp"
#include "schemas/text_bytes.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;

struct Record {
  std::uint8_t opcode = 0;
  std::uint64_t at = 0;
  std::string content;
};

// Those of a file, or of a chunk.
std::vector<Record> records_in(const std::string& bytes, std::size_t at, std::size_t end) {
  std::vector<Record> records;
  while (at < end) {
    const auto* const head = bytes_of(bytes).data() + at;
    const auto length = byte_io::load<std::uint64_t>(head + 1);
    records.push_back({*head, at, bytes.substr(at + 9, length)});
    at += 9 + length;
  }
  return records;
}

template <class T>
T number(const std::string& bytes, std::size_t at) {
  return byte_io::load<T>(bytes_of(bytes).data() + at);
}

class McapWriterTest : public testing::Test {
 protected:
  McapWriterTest()
      : file_(OutputFile::create(dir_.path("out")).value()),
        mcap_(file_, "", ChunkCompressor("none", {})) {}

  std::uint16_t channel(const std::string& topic) {
    const std::uint16_t schema = mcap_.add_schema(topic, "jsonschema", "{}").value();
    return mcap_.add_channel({topic, "json"}, schema).value();
  }
  // The file's records.
  std::vector<Record> finish() {
    EXPECT_TRUE(mcap_.finish() && file_.finish() && file_.publish());
    std::ostringstream out;
    out << std::ifstream(dir_.path("out")).rdbuf();
    bytes_ = out.str();
    EXPECT_EQ(bytes_.substr(0, 8), bytes_.substr(bytes_.size() - 8));
    return records_in(bytes_, 8, bytes_.size() - 8);
  }
  static std::vector<int> opcodes(const std::vector<Record>& records) {
    std::vector<int> found;
    for (const Record& record : records) found.push_back(record.opcode);
    return found;
  }

  TempDir dir_;
  OutputFile file_;
  McapWriter mcap_;
  std::string bytes_;
};

TEST_F(McapWriterTest, WritesAChunkWithItsIndexAndASummary) {
  const std::uint16_t id = channel("arm");
  ASSERT_TRUE(mcap_.add_message(id, 7, "{}") && mcap_.add_message(id, 5, "{}"));
  const std::vector<Record> records = finish();
  EXPECT_THAT(opcodes(records), ElementsAre(1, 6, 7, 15, 3, 4, 11, 8, 14, 14, 14, 14, 2));
  const std::string& chunk = records[1].content;
  EXPECT_EQ(number<std::uint64_t>(chunk, 0), 5u);
  EXPECT_EQ(number<std::uint64_t>(chunk, 8), 7u);
  const std::string content = chunk.substr(40);
  EXPECT_EQ(number<std::uint32_t>(chunk, 24), crc32(content));
  EXPECT_THAT(opcodes(records_in(content, 0, content.size())), ElementsAre(3, 4, 5, 5));
  // Of the message index: the time of the second message, and where it lies.
  EXPECT_EQ(number<std::uint64_t>(records[2].content, 22), 5u);
  EXPECT_EQ(content[number<std::uint64_t>(records[2].content, 30)], 5);
}

// The time of such a chunk would be 1970, where viewers would begin.
TEST_F(McapWriterTest, WritesNoChunkWithoutMessages) {
  channel("arm");
  EXPECT_THAT(opcodes(finish()), ElementsAre(1, 15, 3, 4, 11, 14, 14, 14, 2));
}

TEST_F(McapWriterTest, EndsAChunkBeforeItIsTooLarge) {
  const std::uint16_t id = channel("arm");
  const std::string almost(McapWriter::kChunkBytes - 1'000, 'x');
  const std::string large(McapWriter::kChunkBytesMax - 500, 'x');
  ASSERT_TRUE(mcap_.add_message(id, 1, almost) && mcap_.add_message(id, 2, large));
  for (const Record& record : finish()) {
    if (record.opcode == 6) {
      EXPECT_LE(number<std::uint64_t>(record.content, 16), McapWriter::kChunkBytesMax);
    }
  }
}

TEST_F(McapWriterTest, TakesAMessageThatNoChunkIsLargeEnoughFor) {
  const std::uint16_t id = channel("arm");
  const std::string large(McapWriter::kChunkBytesMax + 1, 'x');
  ASSERT_TRUE(mcap_.add_message(id, 1, "{}") && mcap_.add_message(id, 2, large));
  const std::vector<Record> records = finish();
  EXPECT_THAT(opcodes(records), ElementsAre(1, 6, 7, 6, 7, 15, 3, 4, 11, 8, 8, 14, 14, 14, 14, 2));
}

TEST_F(McapWriterTest, SumsAttachmentsAndTheWholeOfTheData) {
  ASSERT_TRUE(mcap_.add_attachment({3, "launch.yaml", "text/plain"}, "nodes: []"));
  ASSERT_TRUE(mcap_.add_metadata("run", {{"host", "robot"}}));
  const std::vector<Record> records = finish();
  EXPECT_THAT(opcodes(records), ElementsAre(1, 9, 12, 15, 11, 10, 13, 14, 14, 14, 2));
  const std::string& attachment = records[1].content;
  const std::size_t summed = attachment.size() - 4;
  EXPECT_EQ(number<std::uint32_t>(attachment, summed), crc32(attachment.substr(0, summed)));
  const std::size_t data_end = records[3].at;
  EXPECT_EQ(number<std::uint32_t>(records[3].content, 0), crc32(bytes_.substr(0, data_end)));
  const Record& footer = records.back();
  const auto summary = number<std::uint64_t>(footer.content, 0);
  EXPECT_EQ(summary, data_end + 13);
  EXPECT_EQ(number<std::uint32_t>(footer.content, 16),
            crc32(bytes_.substr(summary, footer.at + 9 + 16 - summary)));
}

TEST_F(McapWriterTest, RefusesMoreChannelsThanIdsCount) {
  for (int i = 0; i < 65'535; ++i) ASSERT_TRUE(mcap_.add_channel({"t", "json"}, 0));
  EXPECT_EQ(mcap_.add_channel({"t", "json"}, 0).error().code, ErrorCode::kUnsupported);
}

TEST(ChunkCompressorTest, LeavesAsItIsWhatDoesNotBecomeSmaller) {
  std::string out;
  for (const char* const name : {"none", "lz4", "zstd"})
    EXPECT_FALSE(ChunkCompressor(name, {}).compress("ab", out)) << name;
}

}  // namespace
}  // namespace zbag
