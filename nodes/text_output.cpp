#include "nodes/text_output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "nodes/terminal.hpp"
#include "nodes/terminal_size.hpp"

namespace zbag {

Result<TextOutput> TextOutput::open(const std::string& out, Existing existing, ShownAs shown) {
  if (out == "-" && shown == ShownAs::kTable) return TextOutput(std::nullopt);
  Result<OutputFile> file = OutputFile::create(out, existing);
  if (!file) return tl::unexpected(file.error());
  return TextOutput(std::move(*file));
}

std::optional<std::size_t> TextOutput::terminal_columns() const {
  const auto size = file_ ? std::nullopt : size_of_terminal(STDOUT_FILENO);
  return size ? std::optional(size->columns) : std::nullopt;
}

Status TextOutput::write(std::string_view text) {
  has_text_ = true;
  const Status parted = std::exchange(is_apart_, false) ? write_all("\n") : Status();
  return parted ? write_all(text) : parted;
}

Status TextOutput::write_all(std::string_view text) {
  if (file_) return file_->write(text);
  print_text(text);
  // Before the next statement, which may take its time.
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return {};
  const int code = errno;
  std::clearerr(stdout);  // told here
  if (code == EPIPE) return fail(ErrorCode::kClosed, "stdout is closed");
  return tl::unexpected(disk_error("stdout", code));
}

Status TextOutput::finish() {
  if (!file_) return {};
  Status finished = file_->finish();
  return finished ? file_->publish() : finished;
}

}  // namespace zbag
