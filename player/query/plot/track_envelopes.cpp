#include "player/query/plot/track_envelopes.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "player/query/analytics/track_values.hpp"
#include "recorder/bag/read/track_summaries.hpp"

namespace zbag {
namespace {

constexpr std::size_t kBlocksMax = 1u << 20;

double as_double(const std::optional<Number>& number) {
  return number ? std::visit([](auto value) { return static_cast<double>(value); }, *number) : 0.0;
}

// What a block says of a field; nullopt: not all of what its points have.
std::optional<Envelope::Run> run_of(const SummarizedBlock& block, std::size_t field) {
  Envelope::Run run{block.first, block.last, 0.0, 0.0, 0.0, 0.0, 0};
  std::uint64_t points = 0;
  for (const auto& [number, numbers] : block.fields) {
    if (number != field) continue;
    // Of two types only the points tell which comes first.
    if (points > 0 || numbers.nans > 0) return std::nullopt;
    points = numbers.count;
    run.first = as_double(numbers.first());
    run.last = as_double(numbers.last());
    run.min = as_double(numbers.min());
    run.max = as_double(numbers.max());
  }
  run.count = points;
  const bool is_whole = points > 0 && points == block.points;
  return is_whole && holds_number(run.min) && holds_number(run.max) ? std::optional(run)
                                                                    : std::nullopt;
}

class EnvelopeReader {
 public:
  explicit EnvelopeReader(const EnvelopeQuery& query) : query_(query) {
    found_.envelopes.assign(query.fields.size(), Envelope(query.range, query.columns));
    found_.skipped.resize(query.fields.size());
  }

  Status read(const BagReader& bag) {
    ColumnCursor::Selection selection{query_.track, query_.range, {}};
    bool has_elements = false;
    for (const ValueField& field : query_.fields) {
      selection.fields.push_back(field.names);
      has_elements = has_elements || field.element.has_value();
    }
    if (has_elements) return decode(bag, query_.range);
    const auto blocks = read_summaries(bag, selection, kBlocksMax);
    if (!blocks) return tl::unexpected(blocks.error());
    // Blocks that follow each other are decoded together: where a cursor begins, it looks at the
    // block before, too.
    std::optional<TimeRange> open;
    for (const SummarizedBlock& block : *blocks) {
      if (take(block)) {
        if (Status done = decode(bag, std::exchange(open, std::nullopt)); !done) return done;
        continue;
      }
      const TimeRange range{std::max(block.first, query_.range.first),
                            std::min(block.last, query_.range.last)};
      if (range.empty()) continue;
      open = open ? TimeRange{open->first, std::max(open->last, range.last)} : range;
    }
    return decode(bag, open);
  }

  TrackEnvelopes take_found() { return std::move(found_); }

 private:
  // False: it must be decoded.
  bool take(const SummarizedBlock& block) {
    const bool is_inside = query_.range.contains(block.first) && query_.range.contains(block.last);
    if (!block.is_known || !is_inside) return false;
    std::vector<Envelope::Run> runs;
    for (std::size_t i = 0; i < query_.fields.size(); ++i) {
      const Envelope& envelope = found_.envelopes[i];
      const std::optional<Envelope::Run> run = run_of(block, i);
      if (!run || envelope.column_of(block.first) != envelope.column_of(block.last)) return false;
      runs.push_back(*run);
    }
    for (std::size_t i = 0; i < runs.size(); ++i) found_.envelopes[i].add(runs[i]);
    return true;
  }

  Status decode(const BagReader& bag, const std::optional<TimeRange>& range) {
    if (!range) return {};
    Result<TrackValues> values = TrackValues::open(
        {&bag, 1},
        {.track = query_.track, .range = *range, .fields = query_.fields, .warn = query_.warn});
    if (!values) return tl::unexpected(values.error());
    while (true) {
      const Result<bool> more = values->next(chunk_);
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
      for (std::size_t f = 0; f < query_.fields.size(); ++f)
        found_.envelopes[f].add(chunk_.keys, chunk_.numbers[f]);
      if (query_.go_on && !query_.go_on(chunk_.keys.back()))
        return fail(ErrorCode::kClosed, "stopped");
    }
    for (std::size_t f = 0; f < query_.fields.size(); ++f)
      found_.skipped[f].add(values->skipped(f));
    found_.decoded += values->points();
    found_.left_out += values->left_out();
    return {};
  }

  const EnvelopeQuery& query_;
  TrackEnvelopes found_;
  ValueChunk chunk_;
};

}  // namespace

Result<TrackEnvelopes> read_envelopes(std::span<const BagReader> bags, const EnvelopeQuery& query) {
  EnvelopeReader reader(query);
  for (const BagReader& bag : bags) {
    if (Status done = reader.read(bag); !done) return tl::unexpected(done.error());
  }
  return reader.take_found();
}

}  // namespace zbag
