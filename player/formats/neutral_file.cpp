#include "player/formats/neutral_file.hpp"

#include <fmt/format.h>
#include <lzma.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "schemas/field_lookup.hpp"
#include "schemas/item.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLineBytesMax = 64u << 20;
constexpr std::uint64_t kXzMemoryMax = 512ull << 20;
constexpr std::size_t kReadBytes = 64u << 10;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, FileCloser>;

Result<FileHandle> open_file(const std::string& path) {
  FileHandle file(std::fopen(path.c_str(), "rbe"));
  if (file) return file;
  return fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("{}: {}", path, std::strerror(errno)));
}

// The bytes of a file, decompressed when it is xz.
class ByteSource {
 public:
  static Result<ByteSource> open(const std::string& path) {
    Result<FileHandle> file = open_file(path);
    if (!file) return tl::unexpected(file.error());
    ByteSource source(path, std::move(*file));
    if (path.ends_with(".xz")) {
      source.xz_.reset(new lzma_stream(LZMA_STREAM_INIT));
      if (lzma_stream_decoder(source.xz_.get(), kXzMemoryMax, LZMA_CONCATENATED) != LZMA_OK) {
        return fail(ErrorCode::kIo, fmt::format("{}: no memory for xz", path));
      }
    }
    return source;
  }

  // Appends some bytes to `out`; false at the end.
  Result<bool> read(std::string& out) {
    if (!xz_) {
      const std::size_t got = std::fread(in_.data(), 1, in_.size(), file_.get());
      if (std::ferror(file_.get()) != 0)
        return fail(ErrorCode::kIo, fmt::format("{}: cannot be read", path_));
      out.append(reinterpret_cast<const char*>(in_.data()), got);
      return got > 0;
    }
    return read_xz(out);
  }

 private:
  struct XzEnd {
    void operator()(lzma_stream* stream) const {
      lzma_end(stream);
      delete stream;
    }
  };
  ByteSource(std::string path, FileHandle file) : path_(std::move(path)), file_(std::move(file)) {}

  Result<bool> read_xz(std::string& out) {
    if (xz_done_) return false;
    std::array<std::uint8_t, kReadBytes> plain;
    xz_->next_out = plain.data();
    xz_->avail_out = plain.size();
    while (xz_->avail_out == plain.size() && !xz_done_) {
      if (xz_->avail_in == 0 && !in_done_) {
        xz_->avail_in = std::fread(in_.data(), 1, in_.size(), file_.get());
        xz_->next_in = in_.data();
        in_done_ = xz_->avail_in == 0;
      }
      const lzma_ret rc = lzma_code(xz_.get(), in_done_ ? LZMA_FINISH : LZMA_RUN);
      if (rc == LZMA_STREAM_END) {
        xz_done_ = true;
      } else if (rc != LZMA_OK) {
        return fail(ErrorCode::kDamaged,
                    fmt::format("{}: {}", path_,
                                rc == LZMA_BUF_ERROR ? "xz data is cut off" : "not whole xz data"));
      }
    }
    const std::size_t got = plain.size() - xz_->avail_out;
    out.append(reinterpret_cast<const char*>(plain.data()), got);
    return got > 0;
  }

  std::string path_;
  FileHandle file_;
  std::unique_ptr<lzma_stream, XzEnd> xz_;
  std::vector<std::uint8_t> in_ = std::vector<std::uint8_t>(kReadBytes);
  bool in_done_ = false;
  bool xz_done_ = false;
};

tl::unexpected<Error> bad(std::string what) { return fail(ErrorCode::kInvalid, std::move(what)); }

Result<Value> to_value(const Json& json, int depth);

// The objects that stand for values JSON has no words for; nullopt for any other.
std::optional<Result<Value>> special(const Json& json) {
  const bool is_nil = json.size() == 1 && json.begin().key() == "$nil";
  if (is_nil) return Value();
  const auto text = json.find("$str");
  if (json.size() == 1 && text != json.end() && text->is_string()) {
    return Value(text->get_ref<const std::string&>());
  }
  const auto text_hex = json.find("$str_hex");
  if (json.size() == 1 && text_hex != json.end() && text_hex->is_string()) {
    std::optional<std::string> bytes = unhex(text_hex->get_ref<const std::string&>());
    return bytes ? Result<Value>(Value(std::move(*bytes)))
                 : Result<Value>(bad("$str_hex is not hex"));
  }
  const auto bin = json.find("$bin");
  if (bin == json.end() || !bin->is_string() || json.size() > 2) return std::nullopt;
  std::optional<std::string> bytes = unbase64(bin->get_ref<const std::string&>());
  if (!bytes) return Result<Value>(bad("$bin is not base64"));
  const auto ext = json.find("$ext");
  if (json.size() == 1) return Result<Value>(Binary{std::move(*bytes)});
  if (ext == json.end() || !ext->is_number_integer()) return std::nullopt;
  const auto type = ext->get<std::int64_t>();
  if (type < -128 || type > 127) return Result<Value>(bad("$ext is outside -128 to 127"));
  return Result<Value>(Extension{static_cast<std::int8_t>(type), std::move(*bytes)});
}

// "$$x" stands for a field "$x", so that fields cannot be taken for the words above.
std::string unescaped(const std::string& name) {
  return name.starts_with("$$") ? name.substr(1) : name;
}

// X and X_hex beside each other would become two fields of one name.
Status check_unique(const Fields& fields) {
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const auto& field : fields) names.emplace_back(field.first);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  return bad(fmt::format("field {} is there twice", printable(*twice)));
}

Result<Fields> to_fields(const Json& json, int depth) {
  Fields fields;
  for (const auto& [name, member] : json.items()) {
    constexpr std::string_view kHex = "_hex";
    if (name.ends_with(kHex) && name.size() > kHex.size() && member.is_string()) {
      std::optional<std::string> bytes = unhex(member.get_ref<const std::string&>());
      if (!bytes) return bad(fmt::format("field {} is not hex", name));
      fields.emplace_back(name.substr(0, name.size() - kHex.size()), Binary{std::move(*bytes)});
      continue;
    }
    Result<Value> value = to_value(member, depth);
    if (!value) return tl::unexpected(value.error());
    fields.emplace_back(unescaped(name), std::move(*value));
  }
  if (Status status = check_unique(fields); !status) return tl::unexpected(status.error());
  return fields;
}

Result<Value> to_value(const Json& json, int depth) {
  if (depth >= item::kDepthMax) return bad("nested deeper than 32");
  switch (json.type()) {
    case Json::value_t::null:
      return Value(std::numeric_limits<double>::quiet_NaN());
    case Json::value_t::boolean:
      return Value(json.get<bool>());
    case Json::value_t::number_integer:
      return Value(json.get<std::int64_t>());
    case Json::value_t::number_unsigned:
      return Value(json.get<std::uint64_t>());
    case Json::value_t::number_float:
      return Value(json.get<double>());
    case Json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      if (text == "inf") return Value(std::numeric_limits<double>::infinity());
      if (text == "-inf") return Value(-std::numeric_limits<double>::infinity());
      return Value(text);
    }
    case Json::value_t::array: {
      Array array;
      array.reserve(json.size());
      for (const Json& item : json) {
        Result<Value> value = to_value(item, depth + 1);
        if (!value) return value;
        array.push_back(std::move(*value));
      }
      return Value(std::move(array));
    }
    case Json::value_t::object: {
      if (std::optional<Result<Value>> value = special(json)) return std::move(*value);
      Result<Fields> fields = to_fields(json, depth + 1);
      if (!fields) return tl::unexpected(fields.error());
      return Value(std::move(*fields));
    }
    default:
      return bad("a value of no known kind");
  }
}

// Bytes of a file beside the recording; never of one outside its folder.
Result<std::string> read_data_file(const std::filesystem::path& folder, const Fields& fields) {
  const auto* name = field_as<std::string>(fields, "data_file");
  if (name == nullptr || track_name_fault(*name) != nullptr)
    return bad("data_file is no path beside the file");
  const std::string path = (folder / *name).string();
  std::error_code error;
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (error) return bad(fmt::format("data_file {}: {}", *name, error.message()));
  const std::uint64_t offset = uint_field(fields, "data_offset");
  const std::uint64_t length = uint_field(fields, "data_len", size - std::min(size, offset));
  if (offset > size || length > size - offset || length > kFrameBytesMax) {
    return bad(fmt::format("data_file {} has {} bytes, {} at {} are asked for", *name, size, length,
                           offset));
  }
  Result<FileHandle> file = open_file(path);
  if (!file) return tl::unexpected(file.error());
  std::string bytes(length, '\0');
  if (std::fseek(file->get(), static_cast<long>(offset), SEEK_SET) != 0 ||
      std::fread(bytes.data(), 1, length, file->get()) != length) {
    return bad(fmt::format("data_file {} cannot be read", *name));
  }
  return bytes;
}

Status inline_data(const std::filesystem::path& folder, Fields& fields) {
  Result<std::string> bytes = read_data_file(folder, fields);
  if (!bytes) return tl::unexpected(bytes.error());
  for (auto& [name, value] : fields) {
    if (name != "data_file") continue;
    name = "data";
    value = Binary{std::move(*bytes)};
    break;
  }
  std::erase_if(fields, [](const auto& field) {
    return field.first == "data_offset" || field.first == "data_len";
  });
  return check_unique(fields);
}

Result<NeutralFrame> parse_line(std::string_view line, const std::filesystem::path& folder) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return bad("not JSON");
  if (!json.is_object()) return bad("not a JSON object");
  const auto track = json.find("track");
  const auto ts = json.find("_ts");
  const auto fields = json.find("fields");
  if (track == json.end() || !track->is_string()) return bad("\"track\" is missing");
  if (ts == json.end() || !ts->is_number()) return bad("\"_ts\" is missing or no number");
  if (fields == json.end() || !fields->is_object()) return bad("\"fields\" is missing");
  const std::optional<Timestamp> stamp = Timestamp::from_seconds(ts->get<double>());
  if (!stamp) return bad("\"_ts\" is outside years 1678-2262");
  const auto& name = track->get_ref<const std::string&>();
  if (const char* fault = track_name_fault(name))
    return bad(fmt::format("track name '{}' {}", printable(name), fault));
  Result<Fields> values = to_fields(*fields, 1);
  if (!values) return tl::unexpected(values.error());
  const auto data_file = fields->find("data_file");
  if (data_file != fields->end() && !data_file->is_object()) {
    if (Status status = inline_data(folder, *values); !status) {
      return tl::unexpected(status.error());
    }
  }
  return NeutralFrame{name, *stamp, std::move(*values)};
}

}  // namespace

struct NeutralReader::State {
  std::string path;
  std::filesystem::path folder;
  ByteSource source;
  std::string buffer;
  std::size_t at = 0;
  std::size_t line = 0;
  bool at_end = false;
};

NeutralReader::NeutralReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
NeutralReader::NeutralReader(NeutralReader&&) noexcept = default;
NeutralReader& NeutralReader::operator=(NeutralReader&&) noexcept = default;
NeutralReader::~NeutralReader() = default;

Result<NeutralReader> NeutralReader::open(const std::string& path) {
  Result<ByteSource> source = ByteSource::open(path);
  if (!source) return tl::unexpected(source.error());
  std::unique_ptr<State> state(new State{
      path, std::filesystem::path(path).parent_path(), std::move(*source), {}, 0, 0, false});
  return NeutralReader(std::move(state));
}

std::size_t NeutralReader::line() const { return state_->line; }

Result<std::optional<NeutralFrame>> NeutralReader::next() {
  State& state = *state_;
  while (true) {
    std::size_t end = state.buffer.find('\n', state.at);
    while (end == std::string::npos && !state.at_end) {
      state.buffer.erase(0, std::exchange(state.at, 0));
      const std::size_t searched = state.buffer.size();
      const Result<bool> more = state.source.read(state.buffer);
      if (!more) return tl::unexpected(more.error());
      state.at_end = !*more;
      if (state.buffer.size() > kLineBytesMax) {
        return fail(ErrorCode::kInvalid,
                    fmt::format("{}:{}: a line of more than 64 MiB", state.path, state.line + 1));
      }
      end = state.buffer.find('\n', searched);
    }
    if (end == std::string::npos && state.at == state.buffer.size())
      return std::optional<NeutralFrame>();
    if (end == std::string::npos) end = state.buffer.size();
    const std::string_view line(state.buffer.data() + state.at, end - state.at);
    state.at = std::min(end + 1, state.buffer.size());
    ++state.line;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Result<NeutralFrame> frame = parse_line(line, state.folder);
    if (!frame) return fail(frame.error(), fmt::format("{}:{}", state.path, state.line));
    return std::optional(std::move(*frame));
  }
}

void write_neutral_line(std::string_view track, Timestamp stamp, const Fields& fields,
                        std::string& out) {
  out += "{\"track\":";
  write_json_text(track, out);
  out += ",\"_ts\":";
  out += seconds_text(stamp.seconds());
  out += ",\"fields\":{";
  write_json_members(fields, out, JsonDialect::kNeutral);
  out += "}}";
}

}  // namespace zbag
