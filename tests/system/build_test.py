"""zbag builds without its presets, and as a part of another project.

Into folders of their own, two processes at once, what is named alone. At the quick scale the other
project builds the schemas, and without presets zbag is configured; with ZBAG_TEST_LONG the other
project writes a bag, and the command is built.
"""

import json
import os
import shutil
import subprocess

import harness

IS_LONG = "ZBAG_TEST_LONG" in os.environ and not harness.is_sanitized()
MINUTES = 60.0

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(theirs CXX)
add_subdirectory({source} zbag EXCLUDE_FROM_ALL)
add_executable(theirs theirs.cpp)
target_link_libraries(theirs PRIVATE {libraries})
get_property(tests DIRECTORY {source} PROPERTY TESTS)
if(tests OR TARGET zbag OR TARGET benchmarks)
  message(FATAL_ERROR "more came than was asked for")
endif()
"""

SCHEMAS = """#include "schemas/track_name.hpp"
// A warning: other projects choose their own.
int main(int argc, char**) { unsigned unused = argc; return !zbag::TrackName::parse("a/b"); }
"""

BAG = """#include "recorder/bag_session.hpp"
int main() {
  auto session = zbag::open_bag_session("theirs.zbag", {}).value();
  zbag::Track arm = session->track("robot/arm").value();
  return arm.append({{"q", 1.5}}, 1.0) && session->close() ? 0 : 1;
}
"""


class BuildTest(harness.SystemTest):

    def setUp(self):
        super().setUp()
        if harness.is_sanitized():
            self.skipTest("one build of each kind is enough")

    def run_tool(self, *command, minutes=10):
        env = {**os.environ, "CMAKE_BUILD_PARALLEL_LEVEL": "2"}
        done = subprocess.run(command, capture_output=True, env=env, cwd=self.space.folder,
                              timeout=minutes * MINUTES, check=False)
        text = done.stdout.decode() + done.stderr.decode()
        self.assertEqual(done.returncode, 0, text[-8000:])
        return text

    def configure(self, source, *more):
        self.run_tool("cmake", "-DCMAKE_BUILD_TYPE=Release", "-S", source, "-B", "build", *more)

    def commands(self):
        with open(self.space.path("build", "compile_commands.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_a_plain_release_build(self):
        self.configure(harness.source_folder())
        with open(self.space.path("build", "CMakeCache.txt"), encoding="utf-8") as file:
            self.assertIn("ZBAG_WERROR:BOOL=OFF", file.read())
        before = self.commands()
        self.configure(harness.source_folder())
        self.assertEqual(self.commands(), before, "a second time compiles files anew")
        if IS_LONG:
            self.run_tool("cmake", "--build", "build", "--target", "zbag", minutes=30)
            done = self.run_tool(self.space.path("build", "zbag"), "--version")
            self.assertRegex(done, r"^zbag \d")

    def test_a_part_of_another_project(self):
        libraries, code = ("zbag::recorder", BAG) if IS_LONG else ("zbag::schemas", SCHEMAS)
        with open(self.space.path("CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write(PROJECT.format(source=harness.source_folder(), libraries=libraries))
        with open(self.space.path("theirs.cpp"), "w", encoding="utf-8") as file:
            file.write(code)
        launcher = shutil.which("ccache") or ""  # theirs, that a second run is quick
        self.configure(".", f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}")
        self.run_tool("cmake", "--build", "build", "--target", "theirs", minutes=30)
        self.run_tool(self.space.path("build", "theirs"))
        if IS_LONG:
            self.assertEqual(self.assert_whole(self.space.path("theirs.zbag"))["points"], 1)


if __name__ == "__main__":
    harness.main()
