#include <fmt/format.h>

#include <CLI/Version.hpp>
#include <nlohmann/json.hpp>

#include "bus/context.hpp"
#include "nodes/errors.hpp"
#include "nodes/verb.hpp"
#include "player/hdf5/hdf5_library.hpp"
#include "player/query/database.hpp"
#include "recorder/bag/pages/lmdb.hpp"
#include "recorder/bag/records/layout.hpp"

namespace zbag {

Verb add_version(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(root, "version", "Prints the version",
                                               "zbag version --verbose");
  auto verbose = std::make_shared<bool>(false);
  options->add_flag("--verbose", *verbose, "Libraries and formats too");
  return {std::move(options), [verbose] {
            fmt::print("zbag {}\n", kZbagVersion);
            if (!*verbose) return kExitDone;
            fmt::print(
                "bag format   {}\nlibzmq       {}\nlmdb         {}\nfmt          {}.{}.{}\nCLI11   "
                "     {}\n"
                "json         {}.{}.{}\n",
                kBagFormat, Context::library_version(), Env::library_version(), FMT_VERSION / 10000,
                FMT_VERSION / 100 % 100, FMT_VERSION % 100, CLI11_VERSION,
                NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                NLOHMANN_JSON_VERSION_PATCH);
            const Result<std::string> duckdb = Database::library_version();
            fmt::print("duckdb       {}\n", duckdb ? *duckdb : "none: " + duckdb.error().message);
            const Result<std::string> hdf5 = hdf5::library_version();
            fmt::print("hdf5         {}\n", hdf5 ? *hdf5 : "none: " + hdf5.error().message);
            return kExitDone;
          }};
}

}  // namespace zbag
