#include "player/imports/tables/parquet_table.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <utility>

#include "player/imports/input_file.hpp"
#include "player/query/sql_text.hpp"

namespace zbag {
namespace {

// Below it lie the files that are open here, by their numbers.
constexpr const char* kNumbers = "/proc/self/fd";

std::string open_path(const FileHandle& file) {
  return fmt::format("{}/{}", kNumbers, ::fileno(file.get()));
}

ErrorCode code_of(ErrorCode code) {
  if (code == ErrorCode::kInvalid) return ErrorCode::kUnsupported;  // the type of a column
  const bool is_of_here = code == ErrorCode::kClosed || code == ErrorCode::kDiskFull;
  return is_of_here ? code : ErrorCode::kDamaged;
}

}  // namespace

Result<ParquetTable> ParquetFiles::open(const std::string& path) {
  const Result<InputFile> readable = InputFile::open(path);
  if (!readable) return tl::unexpected(readable.error());
  Result<FileHandle> file = open_numbered(path);
  if (!file) return tl::unexpected(file.error());
  if (!database_) {
    Result<Database> opened =
        Database::open({.threads = 1, .memory_bytes = memory_bytes_, .allowed_folder = kNumbers});
    if (!opened)
      return fail(opened.error().code, fmt::format("{}: {}", path, opened.error().message));
    database_ = std::make_unique<Database>(std::move(*opened));
  }
  ParquetTable table(path, std::move(*file), *database_);
  if (Status begun = table.begin(); !begun) return tl::unexpected(begun.error());
  return table;
}

// No number is there twice: DuckDB remembers what it has read of a name.
Result<FileHandle> ParquetFiles::open_numbered(const std::string& path) {
  const FileHandle opened(std::fopen(path.c_str(), "rbe"));
  if (!opened) return fail(ErrorCode::kIo, path + ": it can not be read");
  const auto numbered = [&] { return ::fcntl(::fileno(opened.get()), F_DUPFD_CLOEXEC, number_); };
  int number = numbered();
  if (number < 0) {
    database_.reset();
    number_ = kFirstNumber;
    number = numbered();
  }
  FileHandle file(number < 0 ? nullptr : ::fdopen(number, "rb"));
  if (!file) return fail(ErrorCode::kIo, fmt::format("{}: {}", path, std::strerror(errno)));
  number_ = number + 1;
  return file;
}

Status ParquetTable::begin() {
  return ask("DESCRIBE SELECT * FROM " + sql(), [&](std::span<const ResultCell> row) {
    names_.emplace_back(row[0].value_or(""));
    types_.emplace_back(row[1].value_or(""));
    return Status();
  });
}

std::optional<std::size_t> ParquetTable::column(std::string_view name) const {
  const auto found = std::ranges::find(names_, name);
  if (found == names_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names_.begin());
}

std::string ParquetTable::sql() const {
  return fmt::format("read_parquet({}, hive_partitioning = false)", sql_text(open_path(file_)));
}

std::string ParquetTable::metadata_sql() const {
  return fmt::format("parquet_kv_metadata({})", sql_text(open_path(file_)));
}

Status ParquetTable::ask(const std::string& query, const Statement::TakeRow& take) {
  Result<Statement> statement = database_->prepare(query);
  if (!statement) return told(tl::unexpected(statement.error()));
  return told(statement->run(take));
}

Status ParquetTable::each_row(const std::string& query, const Statement::TakeItems& take) {
  Result<Statement> statement = database_->prepare(query);
  if (!statement) return told(tl::unexpected(statement.error()));
  Status taken;
  const Status read = statement->run_items([&](std::span<const std::string_view> row) {
    taken = take(row);
    return taken;
  });
  return taken ? told(read) : taken;
}

Status ParquetTable::told(Status status) const {
  if (status) return status;
  std::string text = status.error().message;
  if (text.starts_with("line ")) text.erase(0, text.find(": ") + 2);
  for (const std::string& name : {sql_text(open_path(file_)), open_path(file_)}) {
    for (const auto& [said, better] :
         {std::pair(" in file " + name, std::string()), {name, sql_text(path_)}}) {
      for (std::size_t at = 0; (at = text.find(said, at)) != std::string::npos; at += better.size())
        text.replace(at, said.size(), better);
    }
  }
  return fail(code_of(status.error().code), fmt::format("{}: {}", path_, text));
}

}  // namespace zbag
