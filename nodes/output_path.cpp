#include "nodes/output_path.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <filesystem>

namespace zbag {
namespace {

std::string time_word(std::time_t now) { return fmt::format("{:%Y%m%d_%H%M%S}", fmt::gmtime(now)); }

}  // namespace

Result<std::string> expand_output(const std::string& text, std::time_t now) {
  const auto with_number = [&](std::uint64_t number) -> Result<std::string> {
    std::string path;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text[at] == '{' ? text.find('}', at) : std::string::npos;
      if (end == std::string::npos) {
        path += text[at++];
        continue;
      }
      const std::string word = text.substr(at + 1, end - at - 1);
      if (word != "time" && word != "n") {
        return fail(
            ErrorCode::kInvalid,
            fmt::format("--output {}: {{{}}} means nothing; use {{time}} or {{n}}", text, word));
      }
      path += word == "n" ? std::to_string(number) : time_word(now);
      at = end + 1;
    }
    return path;
  };
  Result<std::string> path = with_number(1);
  std::error_code error;
  const bool is_numbered = path && text.find("{n}") != std::string::npos;
  for (std::uint64_t n = 2; is_numbered && std::filesystem::exists(*path, error); ++n)
    path = with_number(n);
  return path;
}

Status check_output(const std::string& path, bool resume) {
  namespace fs = std::filesystem;
  if (path.empty()) return fail(ErrorCode::kInvalid, "-o is empty: name a file, as -o day.zbag");
  if (path == "-")
    return fail(ErrorCode::kInvalid, "-o -: a bag is a file and no stream: name one");
  std::error_code error;
  const fs::file_status there = fs::status(path, error);
  if (path.ends_with('/') || fs::is_directory(there)) {
    return fail(ErrorCode::kExists, fmt::format("{} is a folder: name a file in it, as -o {}", path,
                                                (fs::path(path) / "day.zbag").string()));
  }
  if (!fs::exists(there)) return {};
  if (!fs::is_regular_file(there))
    return fail(ErrorCode::kExists, fmt::format("{} is no file that could be a bag", path));
  if (resume) return {};
  return fail(ErrorCode::kExists,
              fmt::format("{} exists; zbag never overwrites a bag: choose another -o, or go on in "
                          "it with --resume",
                          path));
}

std::string default_output(const std::string& base, std::time_t now) {
  const std::string first = fmt::format("{}/run_{}", base, time_word(now));
  std::string folder = first;
  std::error_code error;
  for (int i = 2; std::filesystem::exists(folder, error); ++i)
    folder = fmt::format("{}_{}", first, i);
  return folder + "/run.zbag";
}

}  // namespace zbag
