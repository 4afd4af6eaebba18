#include "recorder/bag/pages/file_attributes.hpp"

#include <fmt/format.h>
#include <linux/limits.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <string>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

tl::unexpected<Error> not_kept(const std::string& name) {
  return fail(ErrorCode::kIo, fmt::format("extended attribute {} can not be kept: {}",
                                          printable(name), std::strerror(errno)));
}

// The names of all attributes; empty where there can be none.
Result<std::set<std::string>> names_of(int fd) {
  std::string list(XATTR_LIST_MAX, '\0');
  const ssize_t size = ::flistxattr(fd, list.data(), list.size());
  if (size < 0 && errno == ENOTSUP) return std::set<std::string>();
  if (size < 0) return not_kept("(their names)");
  std::set<std::string> names;
  for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
    std::string name = list.c_str() + at;
    at += name.size() + 1;
    names.insert(std::move(name));
  }
  return names;
}

// nullopt, with errno: it can not be read.
std::optional<std::string> value_of(int fd, const std::string& name) {
  std::string value(XATTR_SIZE_MAX, '\0');
  const ssize_t size = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
  if (size < 0) return std::nullopt;
  value.resize(static_cast<std::size_t>(size));
  return value;
}

}  // namespace

Status copy_attributes(int from, int to) {
  const Result<std::set<std::string>> wanted = names_of(from);
  if (!wanted) return tl::unexpected(wanted.error());
  const Result<std::set<std::string>> there = names_of(to);
  if (!there) return tl::unexpected(there.error());
  // What a directory gives to every new file.
  for (const std::string& name : *there) {
    if (!wanted->contains(name) && ::fremovexattr(to, name.c_str()) != 0) return not_kept(name);
  }
  for (const std::string& name : *wanted) {
    const std::optional<std::string> value = value_of(from, name);
    if (!value) return not_kept(name);
    // A label may be nobody's to set, and the same of all files here.
    if (there->contains(name) && value_of(to, name) == value) continue;
    if (::fsetxattr(to, name.c_str(), value->data(), value->size(), 0) != 0) return not_kept(name);
  }
  return {};
}

}  // namespace zbag
