#!/usr/bin/env python3
"""House rules that no compiler checks (README, map of folders), as a test.

Include direction between folders, third-party headers only in their wrapper, banned names,
line length, length of functions, text files without trailing blanks. Exit 1 lists every breach.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

BAG = {"recorder/bag"} | {f"recorder/bag/{room}"
                          for room in ("pages", "records", "block", "journal", "write", "read",
                                       "upkeep")}

# What a folder may include of ours. The longest matching prefix counts.
ALLOWED = {
    "schemas": {"schemas"},
    "bus": {"schemas", "bus"},
    "bus/session": {"schemas", "bus", "bus/session"},
    # The rooms of a bag, each of which sees those before it alone; `write` and `read` are
    # neighbours. The file of a bag itself lies between its blocks and who writes or reads them.
    "recorder/bag/pages": {"schemas", "recorder/bag/pages"},
    "recorder/bag/records": {"schemas", "recorder/bag/records"},
    "recorder/bag/block": {"schemas", "recorder/bag/block"},
    "recorder/bag/journal": {"schemas", "recorder/bag/pages", "recorder/bag/records",
                             "recorder/bag/block", "recorder/bag/journal"},
    "recorder/bag": {"schemas", "recorder/bag", "recorder/bag/pages", "recorder/bag/records",
                     "recorder/bag/block", "recorder/bag/journal"},
    "recorder/bag/write": {"schemas", "recorder/bag", "recorder/bag/pages", "recorder/bag/records",
                           "recorder/bag/block", "recorder/bag/journal", "recorder/bag/write"},
    "recorder/bag/read": {"schemas", "recorder/bag", "recorder/bag/pages", "recorder/bag/records",
                          "recorder/bag/block", "recorder/bag/read"},
    "recorder/bag/upkeep": {"schemas"} | BAG,
    "recorder/storage": {"schemas", "recorder/storage"} | BAG,
    "recorder": {"schemas", "bus", "bus/session", "recorder", "recorder/storage"} | BAG,
    "player": {"schemas", "bus", "bus/session", "player"} | BAG,
    "player/imports": {"schemas", "bus/session", "player/imports", "player/imports/messages"} | BAG,
    "player/imports/tables": {"schemas", "player/imports", "player/imports/tables",
                              "player/imports/rosbag2", "player/query"},
    "player/imports/hdf5": {"schemas", "player/hdf5", "player/imports", "player/imports/tables",
                            "player/imports/hdf5"},
    "player/imports/lerobot": {"schemas", "recorder/bag/write", "player/video", "player/imports",
                               "player/imports/tables", "player/imports/lerobot", "player/query"},
    "player/imports/messages": {"schemas", "player/imports", "player/imports/messages"},
    "player/imports/mcap": {"schemas", "player/imports", "player/imports/messages",
                            "player/imports/mcap"},
    "player/imports/rosbag2": {"schemas", "player/messages", "player/imports",
                               "player/imports/messages", "player/imports/mcap",
                               "player/imports/rosbag2", "player/query"},
    "player/messages": {"schemas", "player/messages"},
    "player/columns": {"schemas", "player/columns"} | BAG,
    "player/query": {"schemas", "player/columns", "player/query"} | BAG,
    "player/exports/messages": {"schemas", "player/columns", "player/messages", "player/exports",
                                "player/imports/messages", "player/exports/messages"} | BAG,
    "player/exports/mcap": {"schemas", "player/messages", "player/exports", "player/exports/messages",
                            "player/exports/mcap", "player/imports/mcap"} | BAG,
    "player/query/analytics": {"schemas", "player/query/analytics"} | BAG,
    "player/query/diff": {"schemas", "player/query/diff"} | BAG,
    "player/timings": {"schemas", "player/imports", "player/query/analytics", "player/timings"},
    "player/query/plot": {"schemas", "player/exports", "player/query/analytics",
                          "player/query/plot"} | BAG,
    "player/exports": {"schemas", "player/messages", "player/imports", "player/columns", "player/query",
                       "player/exports", "player/exports/video", "player/exports/messages",
                       "player/exports/mcap"} | BAG,
    "player/video": {"schemas", "player/video"},
    "player/exports/video": {"schemas", "player/video", "player/exports", "player/exports/video"} | BAG,
    "player/exports/sqlite": {"schemas", "player/columns", "player/exports",
                              "player/exports/sqlite"} | BAG,
    "player/hdf5": {"schemas", "player/hdf5"},
    "player/exports/hdf5": {"schemas", "player/columns", "player/hdf5", "player/exports",
                            "player/exports/hdf5"} | BAG,
    "launch": {"schemas", "launch"},
    "nodes": {"schemas", "bus", "bus/session", "recorder", "recorder/storage", "player",
              "player/imports", "player/columns", "player/query", "player/query/analytics",
              "player/query/diff", "player/query/plot", "player/exports", "player/exports/video",
              "player/timings",
              "player/hdf5", "launch",
              "nodes"} | BAG,
    "nodes/sensors": {"schemas", "bus", "bus/session"},
}

# Third-party headers and the files (or folders) that stand for them.
WRAPPERS = {
    "zmq.h": ["bus/"],
    "zmq.hpp": ["bus/"],
    "lmdb.h": ["recorder/bag/pages/lmdb.cpp"],
    "xxhash.h": ["recorder/bag/block/checksum.cpp", "recorder/bag/records/record_checksum.cpp",
                 "recorder/losses.cpp"],
    "xxh_x86dispatch.h": ["recorder/bag/block/checksum.cpp"],
    "lz4.h": ["recorder/bag/block/compression.cpp"],
    "lz4frame.h": ["player/exports/mcap/chunk_compressor.cpp", "player/imports/unpack.cpp"],
    "bzlib.h": ["player/imports/unpack.cpp"],
    "zstd.h": ["recorder/bag/block/compression.cpp", "player/exports/mcap/chunk_compressor.cpp",
               "player/imports/unpack.cpp"],
    "sqlite3.h": ["player/exports/sqlite/database.cpp", "player/imports/rosbag2/sqlite_file.cpp"],
    "lzma.h": ["player/imports/byte_source.cpp", "player/imports/mcap/crc32.cpp"],
    "nlohmann/json.hpp": ["player/imports/json_line.cpp", "player/query/sql_error.cpp",
                          "nodes/verbs/version.cpp"],
    "simdjson.h": ["player/imports/quick_line.cpp"],
    "duckdb.h": ["player/query/duckdb_calls.hpp"],
    "yaml-cpp/yaml.h": ["launch/launch_file.cpp", "schemas/yaml_file.cpp", "nodes/settings.cpp",
                        "nodes/kind_argument.cpp", "player/imports/rosbag2/bag_folder.cpp",
                        "schemas/kinds/known_kinds.cpp", "tests/schemas/yaml_file_test.cpp"],
    "CLI/CLI.hpp": ["nodes/options.cpp", "nodes/completion.cpp", "nodes/zbag.cpp"],
    "CLI/Version.hpp": ["nodes/verbs/version.cpp"],
    "histedit.h": ["nodes/sql_prompt.cpp"],
    "libavcodec/avcodec.h": ["player/video/libav_calls.hpp"],
    "libavformat/avformat.h": ["player/video/libav_calls.hpp"],
    "libswscale/swscale.h": ["player/video/libav_calls.hpp"],
    "hdf5.h": ["player/hdf5/hdf5_calls.hpp"],
    "jpeglib.h": ["nodes/sensors/demo_sensor.cpp"],
}

BANNED_STEMS = {"util", "utils", "common", "helper", "helpers", "manager", "handler", "base", "misc",
                "data", "info", "impl", "process"}
# A verb's file is named after the verb.
BANNED_STEMS_EXCEPT = {"nodes/verbs/info.cpp"}

# Words that must not stay in the code, each with what to do instead.
BANNED_WORDS = {
    r"\bTODO\b": "do it or file an issue",
    r"\bFIXME\b": "do it or file an issue",
    r"\busing namespace std\b": "name what is used",
    r"\bstd::endl\b": "write '\\n'",
    r"\bassert\(": "ZBAG_CHECK stays on in release",
    r"#define (?!ZBAG_CHECK|ZBAG_THREAD_SAFETY|ZBAG_GUARDED_BY|ZBAG_POINTS_TO|ZBAG_REQUIRES|ZBAG_EXCLUDES|ZBAG_DUCKDB_CALL|ZBAG_LIBAV_CALL|ZBAG_HDF5_CALL|SIMDJSON_EXCEPTIONS|XXH_STATIC_LINKING_ONLY)": "use constexpr or a function",
    r"\bshared_ptr<(?!BagFile|const Overlay|SharedPublisher|Block|const Chunk|bool|Arguments|Recording)": "say who the second owner is, or use unique_ptr",
}

LINE_MAX = 100
FUNCTION_MAX = 54     # ratchet: the longest function; the aim is 40
FILE_MAX = 470        # ratchet: the longest file; the aim is 400

# Clang checks who touches what a Mutex guards.
STD_LOCKS = r"\bstd::(recursive_|timed_|shared_)?(mutex|condition_variable|lock_guard|unique_lock|scoped_lock)\b"

PRODUCTION = ("schemas", "bus", "recorder", "player", "nodes", "launch")


def tracked():
    """Files git tracks, or would."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True,
                         text=True, check=True).stdout
    return [path for path in out.splitlines() if (ROOT / path).is_file()]


def folder_of(path):
    """The longest prefix of `path` that is a folder with rules."""
    parts = path.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        prefix = "/".join(parts[:length])
        if prefix in ALLOWED:
            return prefix
    return None


def check_includes(path, text, breaches):
    folder = folder_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        own = re.match(r'#include "([^"]+)"', line)
        if own and folder:
            target = folder_of(own.group(1))
            if target is None or target not in ALLOWED[folder]:
                breaches.append(f"{path}:{number}: {folder} may not include {own.group(1)}")
        other = re.match(r"#include <([^>]+)>", line)
        if other and other.group(1) in WRAPPERS and path.split("/")[0] in PRODUCTION:
            if not any(path == home or (home.endswith("/") and path.startswith(home))
                       for home in WRAPPERS[other.group(1)]):
                breaches.append(f"{path}:{number}: <{other.group(1)}> belongs in "
                                + ", ".join(WRAPPERS[other.group(1)]))


def without_text(text):
    """The code with comments, strings and preprocessor lines blanked, line by line as before."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\''
                  r"|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.DOTALL | re.MULTILINE)


# What stands before the brace of something that is no function.
NO_FUNCTION = re.compile(r"^(template\s*<.*>\s*)?(class|struct|union|enum|namespace)\b|[=,(\[]$",
                         re.DOTALL)


def functions_of(text):
    """(first line, last line) of every function, also those within a class; lambdas and blocks are
    part of the function around them."""
    code = without_text(text)
    found, depths, head = [], [], 0  # of each open brace: where its function starts, or None
    for at, letter in enumerate(code):
        if letter == "{":
            before = code[head:at].strip()
            is_inside = any(start is not None for start in depths)
            is_function = not is_inside and ")" in before and not NO_FUNCTION.search(before)
            depths.append(at - len(code[head:at].lstrip()) if is_function else None)
        elif letter == "}" and depths:
            start = depths.pop()
            if start is not None:
                found.append((code.count("\n", 0, start) + 1, code.count("\n", 0, at) + 1))
        if letter in "{};" or (letter == ":" and re.search(r"(public|private|protected)\s*:$",
                                                           code[head:at + 1])):
            head = at + 1
    return found


def check_functions(path, text, breaches):
    for first, last in functions_of(text):
        if last - first + 1 > FUNCTION_MAX:
            breaches.append(f"{path}:{first}: a function of {last - first + 1} lines "
                            f"(at most {FUNCTION_MAX})")


def main():
    breaches = []
    for path in tracked():
        name = pathlib.PurePath(path)
        if name.suffix not in {".cpp", ".hpp", ".py", ".sh", ".cmake", ".txt", ".yaml"}:
            continue
        if name.stem in BANNED_STEMS and path not in BANNED_STEMS_EXCEPT:
            breaches.append(f"{path}: '{name.stem}' says nothing; name the idea")
        text = (ROOT / path).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip():
                breaches.append(f"{path}:{number}: trailing blanks")
            if name.suffix in {".cpp", ".hpp"} and len(line) > LINE_MAX:
                breaches.append(f"{path}:{number}: {len(line)} columns (at most {LINE_MAX})")
        if name.suffix not in {".cpp", ".hpp"}:
            continue
        check_includes(path, text, breaches)
        if path.split("/")[0] not in PRODUCTION:
            continue
        check_functions(path, text, breaches)
        if text.count("\n") > FILE_MAX:
            breaches.append(f"{path}: {text.count(chr(10))} lines (at most {FILE_MAX})")
        words = BANNED_WORDS if path == "schemas/mutex.hpp" else {
            **BANNED_WORDS, STD_LOCKS: "take Mutex, MutexLock and Condition of schemas/mutex.hpp"}
        for pattern, remedy in words.items():
            for match in re.finditer(pattern, text):
                number = text.count("\n", 0, match.start()) + 1
                breaches.append(f"{path}:{number}: '{match.group(0)}': {remedy}")
    for breach in breaches:
        print(breach)
    print(f"tidy: {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
