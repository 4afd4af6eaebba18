#include "bus/context.hpp"

#include <zmq.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "schemas/check.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

static_assert(sizeof(zmq_msg_t) == 64 && alignof(zmq_msg_t) <= 8);

zmq_msg_t* as_msg(void* raw) { return static_cast<zmq_msg_t*>(raw); }

ErrorCode code_of(int error) {
  switch (error) {
    case EADDRINUSE:
      return ErrorCode::kBusy;
    case EAGAIN:
      return ErrorCode::kTimeout;
    case EINVAL:
    case EPROTONOSUPPORT:
    case ENODEV:
    case ENOCOMPATPROTO:
      return ErrorCode::kInvalid;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

Context::Context() : raw_(zmq_ctx_new()) { ZBAG_CHECK(raw_ != nullptr); }

Context::~Context() {
  while (zmq_ctx_term(raw_) != 0 && zmq_errno() == EINTR) {
  }
}

Result<std::shared_ptr<SharedPublisher>> Context::shared_publisher(const std::string& key,
                                                                   const MakePublisher& make) {
  const MutexLock lock(mutex_);
  if (std::shared_ptr<SharedPublisher> known = publishers_[key].lock()) return known;
  Result<std::shared_ptr<SharedPublisher>> made = make();
  if (made) publishers_[key] = *made;
  return made;
}

std::string Context::library_version() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  zmq_version(&major, &minor, &patch);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

Message::Message() noexcept { zmq_msg_init(as_msg(raw())); }

Message::~Message() { zmq_msg_close(as_msg(raw())); }

Message::Message(Message&& other) noexcept : Message() {
  zmq_msg_move(as_msg(raw()), as_msg(other.raw()));
}

Message& Message::operator=(Message&& other) noexcept {
  if (this != &other) zmq_msg_move(as_msg(raw()), as_msg(other.raw()));
  return *this;
}

std::span<const std::uint8_t> Message::bytes() const {
  zmq_msg_t* const msg = as_msg(storage_.data());
  return {static_cast<const std::uint8_t*>(zmq_msg_data(msg)), zmq_msg_size(msg)};
}

std::string_view Message::text() const { return text_of(bytes()); }

Message Message::share() {
  Message copy;
  ZBAG_CHECK(zmq_msg_copy(as_msg(copy.raw()), as_msg(raw())) == 0);
  return copy;
}

void SocketCloser::operator()(void* socket) const { zmq_close(socket); }

void set_option(void* socket, int option, int value) {
  ZBAG_CHECK(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

Error zmq_failure(const std::string& what) {
  const int error = zmq_errno();
  return Error{code_of(error), what + ": " + zmq_strerror(error)};
}

Result<bool> receive_part(void* socket, Message& part) {
  while (zmq_msg_recv(as_msg(part.raw()), socket, ZMQ_DONTWAIT) < 0) {
    if (zmq_errno() == EAGAIN) return false;
    if (zmq_errno() != EINTR) return tl::unexpected(zmq_failure("receive"));
  }
  return true;
}

Result<bool> receive_parts(void* socket, Parts& parts) {
  parts.count = 0;
  parts.more.clear();
  while (true) {
    Message* into = &parts.topic;
    if (parts.count == 1) into = &parts.frame;
    if (parts.count >= 2) into = &parts.more.emplace_back();
    if (Result<bool> received = receive_part(socket, *into); !received || !*received)
      return received;
    ++parts.count;
    if (zmq_msg_more(as_msg(into->raw())) == 0) return true;
  }
}

bool is_request(Message& part) {
  const auto bytes = part.bytes();
  return !bytes.empty() && bytes[0] <= 1 && bytes.size() <= kPrefixBytesMax + 1 &&
         zmq_msg_more(as_msg(part.raw())) == 0;
}

void limit_requests(void* xpub) {
  // Far below what ends a process, and not less: who has dialed does not dial again after this.
  constexpr std::int64_t kBytesMax = 16 << 10;
  zmq_setsockopt(xpub, ZMQ_MAXMSGSIZE, &kBytesMax, sizeof kBytesMax);
}

}  // namespace zbag
