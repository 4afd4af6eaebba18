// Asking a running node something: ROUTER and DEALER over ipc in the runtime directory (wire.md,
// Control and system topics).
//
// The last part of a request is a MessagePack map {op, id, ...args}; the reply repeats the parts
// before it and ends with {id, ok, result | error{code, message}}. `describe` lists the operations.
//
// While a server opens, the umask of the whole process is 0177 for an instant (bus/broker.hpp).
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "bus/context.hpp"
#include "bus/endpoints.hpp"
#include "schemas/frame.hpp"

namespace zbag {

// One thing a node can be asked. `run` is called on the thread that polls the server.
struct ControlOp {
  std::string name;
  std::string summary;  // one line; arguments as `rate=R`
  std::function<Result<Value>(const Fields& args)> run;
  // The names `run` looks at. A request with any other one is refused: kInvalid names it.
  std::vector<std::string> arguments = {};
};

// A word for an error that crosses the wire: "invalid", "not_found"...
const char* error_word(ErrorCode code);

class ControlServer {
 public:
  // Binds <runtime directory>/<name>.ctl. When `name_is_free` and the name is taken, name-2,
  // name-3... are tried; else kBusy names the holder.
  static Result<ControlServer> open(Context& context, const std::string& name, bool name_is_free,
                                    std::vector<ControlOp> ops);
  const std::string& name() const { return name_; }

  // Answers what has come; waits up to `timeout` for the first request. A malformed request gets an
  // error reply. kIo ends the service.
  Status poll(std::chrono::milliseconds timeout);

 private:
  ControlServer(std::string name, FileLock lock, SocketHandle socket, std::vector<ControlOp> ops);
  std::string answer(std::span<const std::uint8_t> request) const;

  std::string name_;
  FileLock lock_;
  SocketHandle socket_;
  std::vector<ControlOp> ops_;
};

// Names of the nodes that run here and listen, sorted; what killed ones have left behind is none.
Result<std::vector<std::string>> running_nodes();

// Asks `node` once and waits. kNotFound: no such node is running; kTimeout: no answer; else the
// node's own error.
Result<Value> control_call(Context& context, const std::string& node, const std::string& op,
                           const Fields& args, std::chrono::milliseconds timeout);

}  // namespace zbag
