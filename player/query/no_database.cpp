// Stands for database.cpp where there was no header of DuckDB to build with: nothing opens.

#include "player/query/database.hpp"

namespace zbag {
namespace {

constexpr const char* kWhy = "this zbag was built without DuckDB: run launch/setup.sh, then build";

}  // namespace

struct Statement::State {};
Statement::Statement(std::unique_ptr<State> state) : state_(std::move(state)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;
const std::vector<ResultColumn>& Statement::columns() const {
  static const std::vector<ResultColumn> kNone;
  return kNone;
}
bool Statement::is_query() const { return false; }
Status Statement::run(const TakeRow&) { return fail(ErrorCode::kUnsupported, kWhy); }
Status Statement::run_items(const TakeItems&) { return fail(ErrorCode::kUnsupported, kWhy); }

struct Database::State {};
Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;
Result<Database> Database::open(const Options&) { return fail(ErrorCode::kUnsupported, kWhy); }
Status Database::add(TableFunction) { return fail(ErrorCode::kUnsupported, kWhy); }
void Database::set_lookup(std::function<std::optional<NamedCall>(const std::string&)>) {}
Result<Statement> Database::prepare(const std::string&) {
  return fail(ErrorCode::kUnsupported, kWhy);
}
Status Database::run(const std::string&) { return fail(ErrorCode::kUnsupported, kWhy); }
void Database::interrupt() {}
Result<std::string> Database::library_version() { return fail(ErrorCode::kUnsupported, kWhy); }

}  // namespace zbag
