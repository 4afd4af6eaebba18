#include "player/imports/hdf5/aside_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "player/imports/hdf5/told_event.hpp"
#include "schemas/kinds/known_kinds.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag::hdf5::reading {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;  // which maps far more than it uses
#else
constexpr bool kIsSanitized = false;
#endif

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int id) : id_(id) {}
  Descriptor(Descriptor&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Descriptor() {
    if (id_ >= 0) ::close(id_);
  }
  int get() const { return id_; }

 private:
  int id_ = -1;
};

struct Pipe {
  Descriptor from;
  Descriptor to;
};

std::optional<Pipe> make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// From now on; what was allowed before is past.
void allow_more_time() {
  rusage used{};
  rlimit time{};
  if (::getrusage(RUSAGE_SELF, &used) != 0 || ::getrlimit(RLIMIT_CPU, &time) != 0) return;
  const auto now = static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
  time.rlim_cur = std::min<rlim_t>(time.rlim_max, now + 1 + kSilentSecondsMax);
  ::setrlimit(RLIMIT_CPU, &time);
}

// What is read there goes into the pipe.
class TellingSink : public ImportSink {
 public:
  TellingSink(ToldWriter& writer, const FormatReader& reader) : writer_(writer), reader_(reader) {}

  Status frame(std::string_view track, Timestamp stamp,
               std::span<const std::uint8_t> map) override {
    return tell({.what = Told::kFrame, .ns = stamp.ns(), .seconds = stamp.seconds()}, track,
                text_of(map));
  }
  void refuse(const std::string& why) override {
    static_cast<void>(tell({.what = Told::kRefused}, why));
  }
  void note(const std::string& text) override {
    static_cast<void>(tell({.what = Told::kNote}, text));
  }
  void leave_out(const std::string& text) override {
    static_cast<void>(tell({.what = Told::kLeftOut}, text));
  }
  bool goes_on() override {
    return tell({.what = Told::kAlive}, {}).has_value() && writer_.flush();
  }
  void schema(std::string_view, const OriginalSchema&) override {}
  void kind(std::string_view track, std::string_view name, std::vector<Joint>) override {
    static_cast<void>(tell({.what = Told::kKind}, track, name));
  }
  Status attach(std::string_view, std::string_view) override { return {}; }
  void describe(std::string_view name, Value value) override {
    std::string map;
    encode_fields({{std::string(name), std::move(value)}}, map);
    static_cast<void>(tell({.what = Told::kDescribed}, map));
  }

 private:
  Status tell(ToldHead head, std::string_view first, std::string_view second = {}) {
    allow_more_time();
    head.share = reader_.share().value_or(-1.0);
    if (writer_.tell(head, reader_.place(), first, second)) return {};
    return fail(ErrorCode::kClosed, "nobody reads it");
  }

  ToldWriter& writer_;
  const FormatReader& reader_;
};

void bound_process() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGXCPU, SIG_DFL);
  ::signal(SIGPIPE, SIG_IGN);
  const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(nothing.get(), STDOUT_FILENO);
  ::dup2(nothing.get(), STDERR_FILENO);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  rlimit memory{};
  if (kIsSanitized || ::getrlimit(RLIMIT_DATA, &memory) != 0) return;
  memory.rlim_cur = std::min<rlim_t>(memory.rlim_cur, kMemoryBytesMax);
  memory.rlim_max = std::min<rlim_t>(memory.rlim_max, kMemoryBytesMax);
  ::setrlimit(RLIMIT_DATA, &memory);
}

void tell_end(ToldWriter& writer, const Status& status) {
  ToldHead head{.what = Told::kEnded, .ns = ToldHead::kWell};
  if (!status) head.ns = static_cast<std::int64_t>(status.error().code);
  writer.tell(head, {}, status ? std::string_view() : std::string_view(status.error().message));
  writer.flush();
}

// All that the process does.
void read_there(const FoundRecording& recording, ImportOptions options, OpenFormat open, int out) {
  bound_process();
  allow_more_time();
  options.goes_on = [] {
    allow_more_time();
    return true;
  };
  ToldWriter writer(out);
  const Result<std::unique_ptr<FormatReader>> reader = open(recording, options);
  if (!reader) return tell_end(writer, tl::unexpected(reader.error()));
  writer.tell({.what = Told::kOpened}, (*reader)->place());
  if (!writer.flush()) return;
  TellingSink sink(writer, **reader);
  tell_end(writer, (*reader)->read(sink));
}

class AsideReader : public FormatReader {
 public:
  AsideReader(std::string path, std::function<bool()> goes_on, pid_t process, Descriptor in)
      : path_(std::move(path)),
        goes_on_(std::move(goes_on)),
        process_(process),
        in_(std::move(in)) {}
  AsideReader(const AsideReader&) = delete;
  AsideReader& operator=(const AsideReader&) = delete;
  ~AsideReader() override { static_cast<void>(end()); }

  // Until it has looked at the file.
  Status open() {
    const Result<ToldEvent> event = next();
    if (!event) return tl::unexpected(event.error());
    if (event->head.what == Told::kEnded) return ending_of(*event);
    return event->head.what == Told::kOpened ? Status() : no_event();
  }

  Status read(ImportSink& sink) override {
    while (true) {
      const Result<ToldEvent> event = next();
      if (!event) return tl::unexpected(event.error());
      if (event->head.what == Told::kEnded) return ending_of(*event);
      if (Status taken = take(*event, sink); !taken) return taken;
    }
  }

  std::string place() const override { return place_; }
  std::optional<double> share() const override {
    return share_ >= 0.0 && share_ <= 1.0 ? std::optional(share_) : std::nullopt;
  }

 private:
  Status take(const ToldEvent& event, ImportSink& sink) {
    switch (event.head.what) {
      case Told::kFrame: {
        const std::optional<Timestamp> stamp = stamp_of(event.head);
        if (!stamp) return no_event();
        return sink.frame(event.first, *stamp, bytes_of(event.second));
      }
      case Told::kAlive:
        return {};
      case Told::kRefused:
        sink.refuse(std::string(event.first));
        return {};
      case Told::kNote:
        sink.note(std::string(event.first));
        return {};
      case Told::kLeftOut:
        sink.leave_out(std::string(event.first));
        return {};
      case Told::kKind:
        if (!known_kind(event.second)) return no_event();
        sink.kind(event.first, event.second, {});
        return {};
      case Told::kDescribed: {
        Result<Fields> fields = decode_fields(bytes_of(event.first));
        if (!fields || fields->size() != 1) return no_event();
        sink.describe(fields->front().first, std::move(fields->front().second));
        return {};
      }
      default:
        return no_event();
    }
  }

  static std::optional<Timestamp> stamp_of(const ToldHead& head) {
    const std::optional<Timestamp> stamp = Timestamp::from_seconds(head.seconds);
    return stamp && stamp->ns() != head.ns ? Timestamp::from_ns(head.ns) : stamp;
  }

  Status ending_of(const ToldEvent& event) const {
    if (event.head.ns == ToldHead::kWell) return {};
    const bool is_code =
        event.head.ns >= 0 && event.head.ns <= static_cast<std::int64_t>(ErrorCode::kClosed);
    if (!is_code) return no_event();
    return fail(static_cast<ErrorCode>(event.head.ns), std::string(event.first));
  }

  tl::unexpected<Error> no_event() const {
    return fail(ErrorCode::kDamaged, path_ + ": what reads it says what it can not say");
  }

  // Waits for it, and asks now and then whether it is to go on.
  Result<ToldEvent> next() {
    while (true) {
      const Result<std::optional<ToldEvent>> event = told_.next();
      if (!event) return no_event();
      if (*event) {
        place_ = (*event)->place.empty() ? place_ : std::string((*event)->place);
        share_ = (*event)->head.share;
        return **event;
      }
      if (goes_on_ && !goes_on_()) return fail(ErrorCode::kClosed, path_ + ": stopped");
      const Result<bool> is_more = fill();
      if (!is_more) return tl::unexpected(is_more.error());
      if (!*is_more) return brought_down();
    }
  }

  // False: it has ended.
  Result<bool> fill() {
    constexpr int kWaitMs = 100;
    constexpr std::size_t kAtOnce = 256u << 10;
    pollfd wanted{.fd = in_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, kWaitMs) <= 0) return true;
    std::string& buffer = told_.buffer();
    const std::size_t before = buffer.size();
    buffer.resize(before + kAtOnce);
    const ssize_t got = ::read(in_.get(), buffer.data() + before, kAtOnce);
    buffer.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno != EINTR)
      return fail(ErrorCode::kIo, fmt::format("{}: {}", path_, std::strerror(errno)));
    return got != 0;
  }

  // It has said no more.
  tl::unexpected<Error> brought_down() {
    const int status = end();
    const std::string& place = place_.empty() ? path_ : place_;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
      return fail(
          ErrorCode::kDamaged,
          fmt::format("{}: the library of HDF5 comes to no end here: it is damaged", place));
    const char* const why =
        WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status)) : "it ended without a word";
    return fail(ErrorCode::kDamaged,
                fmt::format("{}: the library of HDF5 is brought down here ({}): it is damaged",
                            place, why));
  }

  // How it ended, where it had not been waited for.
  int end() {
    int status = 0;
    if (process_ <= 0) return status;
    in_ = {};
    ::kill(process_, SIGKILL);
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
    return status;
  }

  const std::string path_;
  const std::function<bool()> goes_on_;
  pid_t process_;
  Descriptor in_;
  ToldReader told_;
  std::string place_;
  double share_ = -1.0;
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_aside(const FoundRecording& recording,
                                                 const ImportOptions& options, OpenFormat open) {
  std::optional<Pipe> told = make_pipe();
  const pid_t process = told ? ::fork() : -1;
  if (process < 0)
    return fail(ErrorCode::kIo, fmt::format("{}: no process to read it with: {}", recording.path,
                                            std::strerror(errno)));
  if (process == 0) {
    told->from = {};
    read_there(recording, options, open, told->to.get());
    ::_exit(0);
  }
  auto reader = std::make_unique<AsideReader>(recording.path, options.goes_on, process,
                                              std::move(told->from));
  told.reset();
  if (Status opened = reader->open(); !opened) return tl::unexpected(opened.error());
  return reader;
}

}  // namespace zbag::hdf5::reading
