#include "recorder/bag/block/block_summary.hpp"

#include <fmt/format.h>

#include "recorder/bag/block/checksum.hpp"
#include "recorder/bag/block/columns/columns_body.hpp"

namespace zbag {
namespace {

tl::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::kDamaged, fmt::format("block has {}", what));
}

std::span<const std::uint8_t> behind_header(std::string_view block) {
  return std::span(reinterpret_cast<const std::uint8_t*>(block.data()), block.size())
      .subspan(kBlockHeaderBytes);
}

std::optional<ColumnsBody> open_body(std::string_view block, const BlockHeader& header) {
  return ColumnsBody::open(behind_header(block).subspan(header.summary_bytes), header.compression,
                           header.count, header.raw_bytes);
}

// What the body says, in place of its summary. False: a column does not decode.
bool summarize_body(ColumnsBody& body, std::vector<ColumnSummary>& columns) {
  ColumnValues values;
  for (std::size_t i = 0; i < body.columns().size(); ++i) {
    const ColumnType type = body.columns()[i].type;
    if (!has_summary(type)) continue;
    values.clear();
    if (!body.read(i, values)) return false;
    columns.push_back(summarize(type, values));
  }
  return true;
}

}  // namespace

Status read_summary(std::string_view block, BlockSummary& summary) {
  const Result<BlockHeader> header = read_block_header(block);
  if (!header) return tl::unexpected(header.error());
  summary.header = *header;
  summary.columns.clear();
  if (!block::is_head_sealed(block, header->summary_bytes))
    return damaged("a wrong checksum of header and summary");
  if (!summary.is_there()) return {};
  ByteInput in(behind_header(block).first(header->summary_bytes));
  bool is_whole = in.fixed(summary.names);
  while (is_whole && in.left() > 0)
    is_whole = take_summary(in, header->count, summary.columns.emplace_back());
  if (!is_whole) return damaged("a summary that is none");
  return {};
}

Result<std::vector<std::vector<std::string>>> read_summary_names(std::string_view block,
                                                                 const BlockSummary& summary) {
  std::optional<ColumnsBody> body;
  if (block::is_sealed(block, summary.header.summary_bytes))
    body = open_body(block, summary.header);
  if (!body || names_sum(body->paths(), body->columns()) != summary.names)
    return damaged("a summary of other fields");
  std::vector<std::vector<std::string>> fields;
  for (std::size_t i = 0; i < body->columns().size(); ++i) {
    if (has_summary(body->columns()[i].type)) fields.push_back(body->names_of(i));
  }
  if (fields.size() != summary.columns.size()) return damaged("a summary of other fields");
  return fields;
}

Status verify_summary(std::string_view block) {
  BlockSummary summary;
  if (Status status = read_summary(block, summary); !status) return status;
  if (!summary.is_there()) return {};
  std::optional<ColumnsBody> body = open_body(block, summary.header);
  if (!body || names_sum(body->paths(), body->columns()) != summary.names)
    return damaged("a summary of other fields");
  std::vector<ColumnSummary> columns;
  if (!summarize_body(*body, columns) || columns != summary.columns)
    return damaged("a summary that says other than its points");
  return {};
}

}  // namespace zbag
