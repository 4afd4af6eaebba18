#include "player/columns/row_columns.hpp"

#include <fmt/format.h>

#include "schemas/chosen_fields.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

void push(std::string& path, std::string_view name) {
  path += std::to_string(name.size());
  path += ':';
  path += name;
}

}  // namespace

RowColumns::RowColumns(std::string track, const std::set<std::string>& fields,
                       std::vector<std::string> chosen, Note note, std::vector<std::string> words)
    : track_(std::move(track)),
      chosen_(std::move(chosen)),
      note_(std::move(note)),
      words_(std::move(words)) {
  for (const std::string& field : fields) {
    path_.clear();
    push(path_, field);
    dotted_ = field;
    if (names_.size() < kColumnsMax && is_chosen()) name_of(true);
  }
}

Result<std::span<const RowColumns::Leaf>> RowColumns::flatten(MapBytes fields) {
  path_.clear();
  dotted_.clear();
  leaves_.clear();
  if (Status taken = take(fields); !taken) return tl::unexpected(taken.error());
  return std::span<const Leaf>(leaves_);
}

std::optional<std::string> RowColumns::column_of(const std::vector<std::string>& names) {
  path_.clear();
  dotted_.clear();
  for (const std::string& name : names) {
    push(path_, name);
    if (&name != names.data()) dotted_ += '.';
    dotted_ += name;
  }
  return is_chosen() ? std::optional(name_of(names.size() == 1)) : std::nullopt;
}

Status RowColumns::take(MapBytes fields) {
  const std::size_t path_bytes = path_.size();
  const std::size_t dotted_bytes = dotted_.size();
  PairWalk walk(fields.pairs, fields.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    push(path_, pair->name);
    if (path_bytes > 0) dotted_ += '.';
    dotted_ += pair->name;
    const std::optional<MapBytes> map = open_map(pair->value);
    if (map && map->count > 0) {
      if (Status taken = take(*map); !taken) return taken;
    } else if (is_chosen()) {
      const std::string& column = name_of(path_bytes == 0);
      if (column.empty() && names_.size() > kColumnsMax) {
        return fail(ErrorCode::kInvalid,
                    fmt::format("track {} has more than {} columns; use --layout neutral", track_,
                                kColumnsMax));
      }
      leaves_.push_back({column, pair->value});
    }
    path_.resize(path_bytes);
    dotted_.resize(dotted_bytes);
  }
  return {};
}

bool RowColumns::is_chosen() const { return is_chosen_field(chosen_, dotted_); }

std::string RowColumns::unreserved(std::string_view field) const {
  std::string name(field);
  for (const std::string& word : words_) name = escaped_name(name, word);
  return name;
}

// `is_field`: of the frame, and not of a map in it.
const std::string& RowColumns::name_of(bool is_field) {
  const auto [known, is_new] = names_.try_emplace(path_);
  if (!is_new || names_.size() > kColumnsMax) return known->second;
  std::string name = is_field ? unreserved(dotted_) : dotted_;
  while (!used_.insert(name).second) name += '_';
  if (name != dotted_ && note_) {
    note_(fmt::format("track {}: field {} is written as {}", track_, printable(dotted_),
                      printable(name)));
  }
  return known->second = std::move(name);
}

}  // namespace zbag
