// Any bytes as records of MCAP behind each other, as in a chunk: nothing is read outside them, and
// what a record says lies within it.
#include <cstdint>
#include <span>

#include "player/imports/mcap/mcap_content.hpp"
#include "schemas/check.hpp"

namespace zbag {
namespace {

using Item = std::span<const std::uint8_t>;

void check_within(Item content, const void* data, std::size_t size) {
  if (size == 0) return;
  const auto* const at = static_cast<const std::uint8_t*>(data);
  ZBAG_CHECK(at >= content.data() && at + size <= content.data() + content.size());
}

void check_record(Item content) {
  if (const auto schema = read_mcap_schema(content))
    check_within(content, schema->text.data(), schema->text.size());
  if (const auto channel = read_mcap_channel(content)) {
    check_within(content, channel->topic.data(), channel->topic.size());
    for (const auto& [name, text] : channel->metadata)
      check_within(content, text.data(), text.size());
  }
  if (const auto message = read_mcap_message(content))
    check_within(content, message->data.data(), message->data.size());
  if (const auto chunk = read_mcap_chunk(content)) {
    check_within(content, chunk->packed.data(), chunk->packed.size());
    ZBAG_CHECK(chunk->packed.size() <= chunk->packed_size);
  }
  if (const auto attachment = read_mcap_attachment(content))
    check_within(content, attachment->data.data(), attachment->data.size());
  if (const auto metadata = read_mcap_metadata(content)) {
    for (const auto& [name, text] : metadata->texts)
      check_within(content, text.data(), text.size());
  }
}

}  // namespace
}  // namespace zbag

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  zbag::ByteInput in({data, size});
  while (const auto record = zbag::take_mcap_record(in)) zbag::check_record(record->content);
  zbag::check_record({data, size});
  return 0;
}
