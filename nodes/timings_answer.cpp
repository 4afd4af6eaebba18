#include "nodes/timings_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "nodes/nearest.hpp"
#include "nodes/row_printer.hpp"
#include "player/query/parquet_writer.hpp"
#include "player/query/value_rows.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kTotal = "timings.total_seconds";

Status check_fields(const TimingTable& table, const std::vector<std::string>& fields) {
  for (const std::string& field : fields) {
    if (std::ranges::find(table.columns(), field) != table.columns().end()) continue;
    return fail(ErrorCode::kNotFound, fmt::format("no record has the field {}{}", printable(field),
                                                  nearest_hint(field, table.columns())));
  }
  return {};
}

bool is_number(const Value& value) {
  return value.get_if<double>() != nullptr || value.get_if<std::uint64_t>() != nullptr ||
         value.get_if<std::int64_t>() != nullptr;
}

// What all values of a column are; text where they differ, or there are none.
struct Kinds {
  ResultKind shown = ResultKind::kText;
  ColumnKind stored = ColumnKind::kText;
};

Kinds kinds_of(const Answer& answer, std::size_t column) {
  bool numbers = true;
  bool whole = true;
  bool flags = true;
  bool lists = true;
  bool any = false;
  for (const Array& row : answer.rows) {
    const Value& value = row[column];
    if (value.is_nil()) continue;
    any = true;
    numbers &= is_number(value);
    whole &= is_number(value) && value.get_if<double>() == nullptr;
    flags &= value.get_if<bool>() != nullptr;
    lists &= value.get_if<Array>() != nullptr;
  }
  if (!any) return {};
  if (whole) return {ResultKind::kNumber, ColumnKind::kInt};
  if (numbers) return {ResultKind::kNumber, ColumnKind::kDouble};
  if (flags) return {ResultKind::kBool, ColumnKind::kBool};
  if (lists) return {ResultKind::kJson, ColumnKind::kJson};
  return {};
}

// A double in a table for people has six digits.
std::string text_of(const Value& value, ShownAs shown) {
  if (const auto* const text = value.get_if<std::string>()) return *text;
  const auto* const number = value.get_if<double>();
  if (number != nullptr && shown == ShownAs::kTable) return fmt::format("{:.6g}", *number);
  std::string text;
  write_json(value, text);
  return text;
}

Value value_of(const std::optional<double>& number) { return number ? Value(*number) : Value(); }

}  // namespace

Result<Answer> timing_rows(const TimingTable& table, const std::vector<std::string>& fields) {
  if (Status known = check_fields(table, fields); !known) return tl::unexpected(known.error());
  Answer answer{fields.empty() ? table.columns() : fields, {}};
  std::vector<std::size_t> places;
  for (const std::string& name : answer.names)
    places.push_back(static_cast<std::size_t>(std::ranges::find(table.columns(), name) -
                                              table.columns().begin()));
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Array row = table.row(i);
    Array& chosen = answer.rows.emplace_back();
    for (const std::size_t place : places) chosen.push_back(row[place]);
  }
  return answer;
}

Result<Answer> timing_descriptions(const TimingTable& table,
                                   const std::vector<std::string>& fields) {
  if (Status known = check_fields(table, fields); !known) return tl::unexpected(known.error());
  Answer answer{{"field", "count", "mean", "std", "min", "25%", "50%", "75%", "max"}, {}};
  for (const std::string& name : fields.empty() ? table.columns() : fields) {
    const std::optional<Description> found = table.describe(name);
    if (!found) continue;
    answer.rows.push_back({name, found->count, found->mean, value_of(found->std_dev), found->min,
                           found->quarter, found->half, found->three_quarters, found->max});
  }
  if (answer.rows.empty() && table.size() > 0)
    return fail(ErrorCode::kNotFound, "none of these fields has a number");
  return answer;
}

Result<Answer> timing_groups(const TimingTable& table, const std::vector<std::string>& by,
                             const std::vector<std::string>& fields) {
  for (const auto& names : {by, fields}) {
    if (Status known = check_fields(table, names); !known) return tl::unexpected(known.error());
  }
  const std::vector<std::string> of = fields.empty() ? std::vector<std::string>{kTotal} : fields;
  Answer answer{by, {}};
  answer.names.emplace_back("count");
  answer.names.insert(answer.names.end(), of.begin(), of.end());
  for (TimingTable::Group& group : table.group(by, of)) {
    Array& row = answer.rows.emplace_back(std::move(group.by));
    row.emplace_back(group.count);
    for (const std::optional<double>& mean : group.means) row.push_back(value_of(mean));
  }
  return answer;
}

Status write_answer(const Answer& answer, ShownAs shown, TextOutput& out) {
  const auto printer = make_row_printer(
      shown, [&out](std::string_view text) { return out.write(text); }, out.terminal_columns());
  std::vector<ResultColumn> columns;
  for (std::size_t i = 0; i < answer.names.size(); ++i)
    columns.push_back({answer.names[i], kinds_of(answer, i).shown});
  Status status = printer->begin(columns);
  for (const Array& row : answer.rows) {
    std::vector<std::string> texts;
    for (const Value& value : row) texts.push_back(text_of(value, shown));
    std::vector<ResultCell> cells;
    for (std::size_t i = 0; i < row.size(); ++i)
      cells.push_back(row[i].is_nil() ? ResultCell() : ResultCell(texts[i]));
    if (status) status = printer->add(cells);
  }
  return status ? printer->end() : status;
}

Status write_answer_parquet(const Answer& answer, const std::string& path, Existing existing) {
  Result<OutputFile> out = OutputFile::create(path, existing);
  if (!out) return tl::unexpected(out.error());
  std::vector<TableColumn> columns;
  for (std::size_t i = 0; i < answer.names.size(); ++i)
    columns.push_back({answer.names[i], kinds_of(answer, i).stored});
  Result<ParquetWriter> writer = ParquetWriter::open(out->by_name(), columns, {});
  if (!writer) return tl::unexpected(writer.error());
  ValueRows rows(columns.size());
  for (const Array& row : answer.rows) {
    rows.begin(0, 0.0);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (columns[i].kind == ColumnKind::kText && !row[i].is_nil())
        rows.put(i, text_of(row[i], ShownAs::kJson));
      else
        rows.put(i, row[i]);
    }
  }
  if (rows.size() > 0) {
    if (Status taken = writer->append(rows.take()); !taken) return taken;
  }
  if (Status finished = writer->finish(); !finished) return finished;
  if (Status finished = out->finish(); !finished) return finished;
  return out->publish();
}

}  // namespace zbag
