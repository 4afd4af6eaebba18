#!/usr/bin/env python3
"""README.md keeps its word: its chapters are there, its C++ compiles, its names are names."""

import json
import os
import re
import subprocess
import unittest

import harness

README = os.path.join(harness.source_folder(), "README.md")
# S0.44: quickstart, several modalities, naming, flush and buffering, formats, migration.
CHAPTERS = ("Five minutes", "Several modalities", "Names", "Flush and buffering", "Export",
            "Coming from rosbag2, ROS 1, MCAP, LCM", "Moving to stamped points")
AROUND = """#include "recorder/bag_session.hpp"
#include "bus/context.hpp"
void lines(zbag::Session& session, zbag::Context& context, const zbag::BusUrls& urls,
           const std::vector<double>& q, const std::vector<double>& v, const std::string& jpeg) {
%s
}
"""


def chapters():
    """Title -> text of every heading."""
    with open(README, encoding="utf-8") as file:
        parts = re.split(r"(?m)^##+ (.*)$", file.read())
    return dict(zip(parts[1::2], parts[2::2]))


def snippets(text):
    """Blocks of code of a chapter that are C++."""
    blocks = re.findall(r"(?m)(?:^    .*\n|^\n)+", text)
    return [block for block in blocks if "zbag::" in block]


class ReadmeTest(harness.SystemTest):

    def test_it_has_the_chapters_that_people_look_for(self):
        titles = chapters()
        for title in CHAPTERS:
            self.assertIn(title, titles)
            self.assertGreater(len(titles[title]), 200, title)

    def test_its_examples_have_fields_of_their_own_names(self):
        """S0.31: `value` alone stands only where others' code is moved to zbag."""
        for title, text in chapters().items():
            if title != "Moving to stamped points":
                self.assertNotRegex(text, r"(append|put)\([^)]*(\bvalue=|\"value\")", title)

    def test_its_cpp_compiles(self):
        """S0.34 among them."""
        for title in ("Several modalities", "Flush and buffering", "Moving to stamped points"):
            blocks = snippets(chapters()[title])
            self.assertTrue(blocks, title)
            for block in blocks:
                with self.subTest(title=title):
                    hides = re.search(r"\bsession\b *=", block)
                    body = AROUND.replace("zbag::Session& session, ", "") if hides else AROUND
                    path = self.write("snippet.cpp", body % block)
                    done = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-w", "-I",
                                           harness.source_folder(), path],
                                          capture_output=True, text=True, check=False)
                    self.assertEqual(done.returncode, 0, f"{block}\n{done.stderr[:2000]}")

    def test_the_names_in_it_are_names(self):
        """S0.6: each is taken by `import`, which checks them as the recorder does."""
        named = set(re.findall(r"`((?:robot|camera|policy|train|laser)(?:/[\w.-]+)+)`",
                               "".join(chapters().values())))
        self.assertGreaterEqual(len(named), 5)
        lines = "".join(json.dumps({"track": name, "_ts": 1.0, "fields": {"x": 1}}) + "\n"
                        for name in sorted(named))
        bag = self.space.path("names.zbag")
        self.run_ok("import", self.write("names.jsonl", lines), "-o", bag)
        self.assertEqual({track["name"] for track in self.info(bag)["tracks"]}, named)


if __name__ == "__main__":
    harness.main()
