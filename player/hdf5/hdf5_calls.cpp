#include "player/hdf5/hdf5_calls.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "player/hdf5/hdf5_library.hpp"
#include "schemas/track_name.hpp"

namespace zbag::hdf5 {
namespace {

// The names that Debian has for the library, for one process and for many; then others'.
constexpr std::array kLibraries{"libhdf5_serial.so.103", "libhdf5.so.103", ZBAG_HDF5_LIBRARY};

struct Loaded {
  std::optional<Hdf5Calls> calls;
  std::string name;
  std::string version;
  std::string why_not;
};

void* open_library(Loaded& loaded) {
  for (const char* const name : kLibraries) {
    void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) continue;
    loaded.name = name;
    return library;
  }
  loaded.why_not =
      "the library of HDF5 is not there: install libhdf5-103-1, or run launch/setup.sh";
  return nullptr;
}

// Of the version we were compiled for: the sizes of what we hand over are the same then.
Status begin(const Hdf5Calls& calls, std::string& version) {
  // Before any other call: at the end of the program it would write files once more that could not
  // be written.
  calls.H5dont_atexit();
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  calls.H5get_libversion(&major, &minor, &release);
  version = fmt::format("{}.{}.{}", major, minor, release);
  if (major == H5_VERS_MAJOR && minor == H5_VERS_MINOR) return {};
  return fail(ErrorCode::kUnsupported,
              fmt::format("the library of HDF5 is {}, and zbag was built for {}.{}: build it anew",
                          version, H5_VERS_MAJOR, H5_VERS_MINOR));
}

Loaded load() {
  Loaded loaded;
  void* const library = open_library(loaded);
  if (library == nullptr) return loaded;
  loaded.calls.emplace(library);
  if (!loaded.calls->missing().empty()) {
    loaded.why_not = fmt::format("the library of HDF5 lacks {}: run launch/setup.sh",
                                 fmt::join(loaded.calls->missing(), ", "));
  } else if (Status known = begin(*loaded.calls, loaded.version); !known) {
    loaded.why_not = known.error().message;
  } else {
    loaded.calls->H5open();
    // It would write all it knows of an error to our stderr.
    loaded.calls->H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    return loaded;
  }
  loaded.calls.reset();
  return loaded;
}

// Never unloaded: files may be open until the end.
const Loaded& loaded_once() {
  static const Loaded kLoaded = load();
  return kLoaded;
}

// One of what the library says of an error, the innermost first.
herr_t take_error(unsigned, const H5E_error2_t* error, void* into) {
  LibraryError& said = *static_cast<LibraryError*>(into);
  const std::string_view text = error->desc == nullptr ? "" : error->desc;
  if (said.text.empty()) said.text = text;
  constexpr std::string_view kCode = "errno = ";
  const std::size_t at = text.find(kCode);
  int code = 0;
  if (at == std::string_view::npos || said.code) return 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data() + at + kCode.size(), end, code).ec == std::errc())
    said.code = code;
  return 0;
}

}  // namespace

Hdf5Calls::Found Hdf5Calls::find(const char* name) {
  void* const found = dlsym(library_, name);
  if (found == nullptr) missing_.emplace_back(name);
  return {found};
}

Result<const Hdf5Calls*> load_hdf5() {
  const Loaded& loaded = loaded_once();
  if (!loaded.calls) return fail(ErrorCode::kUnsupported, loaded.why_not);
  return &*loaded.calls;
}

const Hdf5Calls& hdf5() { return *loaded_once().calls; }

Result<std::string> library_version() {
  const Loaded& loaded = loaded_once();
  if (!loaded.calls) return fail(ErrorCode::kUnsupported, loaded.why_not);
  return loaded.version;
}

// Debian's plugin names neither of the libraries that it calls, and takes them from the program.
Status load_lzf() {
  dlopen(loaded_once().name.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
  const void* const codec = dlopen("liblzf.so.1", RTLD_NOW | RTLD_GLOBAL);
  if (codec != nullptr && hdf5().H5Zfilter_avail(kLzfFilter) > 0) return {};
  return fail(ErrorCode::kUnsupported,
              "HDF5 has no lzf here: install hdf5-plugin-lzf and liblzf1, or run launch/setup.sh");
}

LibraryError library_error() {
  LibraryError said;
  hdf5().H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_error, &said);
  said.text = printable(said.text);
  return said;
}

}  // namespace zbag::hdf5
