#include "bus/control.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "schemas/field_lookup.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::array<std::pair<ErrorCode, const char*>, 11> kErrorWords = {{
    {ErrorCode::kInvalid, "invalid"},
    {ErrorCode::kNotFound, "not_found"},
    {ErrorCode::kExists, "exists"},
    {ErrorCode::kBusy, "busy"},
    {ErrorCode::kIo, "io"},
    {ErrorCode::kDiskFull, "disk_full"},
    {ErrorCode::kDamaged, "damaged"},
    {ErrorCode::kNewerFormat, "newer_format"},
    {ErrorCode::kUnsupported, "unsupported"},
    {ErrorCode::kTimeout, "timeout"},
    {ErrorCode::kClosed, "closed"},
}};

ErrorCode code_of_word(std::string_view word) {
  for (const auto& [code, text] : kErrorWords) {
    if (word == text) return code;
  }
  return ErrorCode::kIo;
}

std::string control_path(const std::string& directory, const std::string& name) {
  return directory + "/" + name + ".ctl";
}

Status check_node_name(const std::string& name) {
  const bool fits =
      !name.empty() && name.size() <= 64 &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
          std::string::npos &&
      name.front() != '.';
  if (fits) return {};
  return fail(ErrorCode::kInvalid,
              fmt::format("node name '{}': use up to 64 of A-Z a-z 0-9 _ . -", name));
}

// What an operation does not know would be ignored: a "tme=10" must not seek to the start.
Status check_arguments(const ControlOp& op, const Fields& request) {
  for (const auto& [name, value] : request) {
    const bool is_known =
        name == "op" || name == "id" ||
        std::find(op.arguments.begin(), op.arguments.end(), name) != op.arguments.end();
    if (is_known) continue;
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: no argument '{}'; {}", op.name, printable(name),
                            op.arguments.empty()
                                ? "it takes none"
                                : fmt::format("it takes {}", fmt::join(op.arguments, ", "))));
  }
  return {};
}

Status send_parts(void* socket, std::vector<Message>& head, std::string_view last) {
  for (Message& part : head) {
    if (zmq_msg_send(static_cast<zmq_msg_t*>(part.raw()), socket, ZMQ_SNDMORE) < 0) {
      return tl::unexpected(zmq_failure("reply"));
    }
  }
  if (zmq_send(socket, last.data(), last.size(), ZMQ_DONTWAIT) < 0)
    return tl::unexpected(zmq_failure("reply"));
  return {};
}

}  // namespace

const char* error_word(ErrorCode code) {
  for (const auto& [known, word] : kErrorWords) {
    if (known == code) return word;
  }
  return "failed";
}

ControlServer::ControlServer(std::string name, FileLock lock, SocketHandle socket,
                             std::vector<ControlOp> ops)
    : name_(std::move(name)),
      lock_(std::move(lock)),
      socket_(std::move(socket)),
      ops_(std::move(ops)) {}

Result<ControlServer> ControlServer::open(Context& context, const std::string& name,
                                          bool name_is_free, std::vector<ControlOp> ops) {
  if (Status status = check_node_name(name); !status) return tl::unexpected(status.error());
  const Result<std::string> directory = runtime_directory();
  if (!directory) return tl::unexpected(directory.error());
  constexpr int kTries = 100;
  for (int i = 1; i <= kTries; ++i) {
    const std::string tried = i == 1 ? name : fmt::format("{}-{}", name, i);
    const std::string path = control_path(*directory, tried);
    Result<FileLock> lock = FileLock::hold(path + ".lock", tried);
    if (!lock) {
      if (lock.error().code == ErrorCode::kBusy && name_is_free) continue;
      if (lock.error().code != ErrorCode::kBusy)
        return fail(lock.error(), fmt::format("node name '{}'", tried));
      return fail(ErrorCode::kBusy, fmt::format("node name '{}' is taken: {}; give --name", tried,
                                                lock.error().message));
    }
    SocketHandle socket(zmq_socket(context.raw(), ZMQ_ROUTER));
    if (!socket) return tl::unexpected(zmq_failure("control socket"));
    set_option(socket.get(), ZMQ_LINGER, 200);
    zmq_setsockopt(socket.get(), ZMQ_MAXMSGSIZE, &kMessageBytesMax, sizeof kMessageBytesMax);
    const mode_t before = ::umask(0177);
    const int bound = zmq_bind(socket.get(), ("ipc://" + path).c_str());
    ::umask(before);
    if (bound != 0) return tl::unexpected(zmq_failure("bind " + path));
    return ControlServer(tried, std::move(*lock), std::move(socket), std::move(ops));
  }
  return fail(ErrorCode::kBusy, fmt::format("{} nodes named {} run already", kTries, name));
}

Status ControlServer::poll(std::chrono::milliseconds timeout) {
  zmq_pollitem_t item{socket_.get(), 0, ZMQ_POLLIN, 0};
  if (zmq_poll(&item, 1, timeout.count()) <= 0) return {};
  Parts parts;
  while (true) {
    const Result<bool> received = receive_parts(socket_.get(), parts);
    if (!received) return tl::unexpected(received.error());
    if (!*received) return {};
    if (parts.count < 2) continue;
    // Everything but the last part goes back as it came.
    std::vector<Message> head;
    head.push_back(std::move(parts.topic));
    Message request = std::move(parts.frame);
    for (Message& part : parts.more) {
      head.push_back(std::move(request));
      request = std::move(part);
    }
    // A peer that has gone away again is no failure of ours.
    static_cast<void>(send_parts(socket_.get(), head, answer(request.bytes())));
  }
}

std::string ControlServer::answer(std::span<const std::uint8_t> bytes) const {
  const Result<Fields> request = decode_fields(bytes, kItemsMax);
  const std::string op = request ? text_field(*request, "op") : std::string();
  const Value* id = request ? find_field(*request, "id") : nullptr;
  Result<Value> result =
      fail(ErrorCode::kInvalid, fmt::format("unknown operation '{}': ask describe", op));
  if (!request) {
    result = tl::unexpected(request.error());
  } else if (op == "describe") {
    Fields listed;
    for (const ControlOp& known : ops_) listed.emplace_back(known.name, known.summary);
    result = Value(std::move(listed));
  } else {
    for (const ControlOp& known : ops_) {
      if (known.name != op) continue;
      const Status status = check_arguments(known, *request);
      result = status ? known.run(*request) : Result<Value>(tl::unexpected(status.error()));
    }
  }
  Fields reply{{"id", id == nullptr ? Value() : *id}, {"ok", result.has_value()}};
  if (result) {
    reply.emplace_back("result", std::move(*result));
  } else {
    reply.emplace_back("error", Fields{{"code", error_word(result.error().code)},
                                       {"message", result.error().message}});
  }
  std::string out;
  encode_fields(reply, out);
  return out;
}

Result<std::vector<std::string>> running_nodes() {
  const Result<std::string> directory = runtime_directory();
  if (!directory) return tl::unexpected(directory.error());
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(*directory, error)) {
    const std::string name = entry.path().stem().string();
    const bool runs = entry.path().extension() == ".ctl" && check_node_name(name).has_value() &&
                      is_listening(entry.path().string());
    if (runs) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<Value> control_call(Context& context, const std::string& node, const std::string& op,
                           const Fields& args, std::chrono::milliseconds timeout) {
  if (Status status = check_node_name(node); !status) return tl::unexpected(status.error());
  const Result<std::string> directory = runtime_directory();
  if (!directory) return tl::unexpected(directory.error());
  const std::string path = control_path(*directory, node);
  if (!is_listening(path))
    return fail(ErrorCode::kNotFound, fmt::format("no node named '{}' is running here", node));
  SocketHandle socket(zmq_socket(context.raw(), ZMQ_DEALER));
  if (!socket) return tl::unexpected(zmq_failure("control socket"));
  set_option(socket.get(), ZMQ_LINGER, 0);
  if (zmq_connect(socket.get(), ("ipc://" + path).c_str()) != 0) {
    return tl::unexpected(zmq_failure("connect to " + path));
  }
  Fields request{{"op", op}, {"id", 1}};
  request.insert(request.end(), args.begin(), args.end());
  std::string bytes;
  encode_fields(request, bytes);
  if (zmq_send(socket.get(), bytes.data(), bytes.size(), 0) < 0)
    return tl::unexpected(zmq_failure("request"));
  zmq_pollitem_t item{socket.get(), 0, ZMQ_POLLIN, 0};
  Parts parts;
  if (zmq_poll(&item, 1, timeout.count()) <= 0 ||
      !receive_parts(socket.get(), parts).value_or(false)) {
    return fail(ErrorCode::kTimeout,
                fmt::format("{} did not answer '{}' within {} ms", node, op, timeout.count()));
  }
  const Message& last = parts.count == 1   ? parts.topic
                        : parts.count == 2 ? parts.frame
                                           : parts.more.back();
  const Result<Fields> reply = decode_fields(last.bytes());
  if (!reply) return tl::unexpected(reply.error());
  if (bool_field(*reply, "ok")) {
    const Value* result = find_field(*reply, "result");
    return result == nullptr ? Value() : *result;
  }
  const Fields* detail = field_as<Fields>(*reply, "error");
  if (detail == nullptr) return fail(ErrorCode::kIo, node + " sent no answer of ours");
  return fail(code_of_word(text_field(*detail, "code")), text_field(*detail, "message"));
}

}  // namespace zbag
