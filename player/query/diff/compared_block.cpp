#include "player/query/diff/compared_block.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace zbag {
namespace {

bool has_empty_map(const ColumnsBody& body) {
  return std::ranges::any_of(body.shapes(), [](const Shape& shape) {
    return std::ranges::any_of(
        shape.nodes, [](const ShapeNode& node) { return node.is_map() && node.pairs == 0; });
  });
}

std::vector<ComparedBlock::Leaf> leaves_of(const ColumnsBody& body, const LeafChoice& choice) {
  std::vector<ComparedBlock::Leaf> leaves;
  std::unordered_map<std::string, std::size_t> by_path;
  for (std::size_t i = 0; i < body.columns().size(); ++i) {
    std::vector<std::string> names = body.names_of(i);
    if (!choice.takes_all() && !choice.takes(fmt::format("{}", fmt::join(names, ".")))) continue;
    std::string path = path_of(names);
    const auto [known, is_new] = by_path.emplace(path, leaves.size());
    if (is_new) leaves.push_back({std::move(path), std::move(names), {}});
    leaves[known->second].columns.push_back(i);
  }
  return leaves;
}

}  // namespace

ComparedBlock::ComparedBlock(std::shared_ptr<Block> block, const LeafChoice& choice)
    : block_(std::move(block)) {
  const ColumnsBody* const body = block_->columns();
  has_columns_ = body != nullptr && !has_empty_map(*body);
  if (!has_columns_) return;
  leaves_ = leaves_of(*body, choice);
  fields_.resize(leaves_.size());
}

Result<const BlockField*> ComparedBlock::field(std::size_t leaf) {
  std::optional<BlockField>& field = fields_[leaf];
  if (!field) {
    Result<BlockField> read = read_block_field(*block_, leaves_[leaf].names);
    if (!read) return tl::unexpected(read.error());
    field = std::move(*read);
  }
  return &*field;
}

Result<std::span<const std::uint8_t>> ComparedBlock::map(std::size_t point) {
  if (Status filled = block_->fill_maps(); !filled) return tl::unexpected(filled.error());
  return block_->points()[point].map;
}

}  // namespace zbag
