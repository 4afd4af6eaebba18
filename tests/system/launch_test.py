"""`launch` starts nodes in order, keeps them by policy and stops them in reverse order.

Proves the rules of launch/launch_file.hpp and the line of cli.md about `launch`.
"""

import os
import signal
import socket
import subprocess
import time

import harness
from harness import DONE, FAILED, LOSSY, USAGE

# A node that says when it is ready and when it is told to stop.
NODE = """#!/bin/bash
trap 'echo "stopping $1"; exit 0' INT TERM
sleep "${2:-0}"
echo "ready $1"
while true; do sleep 0.05; done
"""


class LaunchTest(harness.SystemTest):

    def setUp(self):
        super().setUp()
        self.node = self.write("node.sh", NODE)
        os.chmod(self.node, 0o755)

    def start_launch(self, text, *options):
        return self.space.start("launch", self.write("launch.yaml", text), *options)

    def lines_of(self, process, word):
        return [line for line in process.out_lines if word in line]

    def assert_no_process_has(self, word):
        """Soon none has it among its words; those that do are ended."""
        def left():
            found = []
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/cmdline", "rb") as file:
                        found += [pid] if word.encode() in file.read().split(b"\0") else []
                except OSError:
                    pass
            return found
        try:
            harness.wait_until(lambda: not left(), "the child of a node to end", 5)
        finally:
            for pid in left():
                os.kill(int(pid), signal.SIGKILL)


class RunningTest(LaunchTest):

    def test_nodes_start_in_order_each_when_the_one_before_is_ready(self):
        launch = self.start_launch(f"""
nodes:
  slow: {{command: [{self.node}, slow, "0.4"], wait_for: "ready "}}
  middle: {{command: [{self.node}, middle, "0.2"], wait_for: "ready "}}
  last: {{command: [{self.node}, last]}}
""")
        launch.wait_for_line("ready last", launch.out_lines)
        ready = [line.split()[-1] for line in self.lines_of(launch, "ready ")]
        self.assertEqual(ready, ["slow", "middle", "last"])
        self.assertIn("slow   | ready slow", launch.out_lines)
        self.assertEqual(launch.stop(), DONE, launch.stderr)

    def test_what_nodes_print_may_have_colours_and_commands_no_terminal(self):
        odd = r"\033[1;31mred\033[0m \033]0;title\007 \033[2J \302\233 5\n"
        launch = self.start_launch(f"nodes: {{\"n\\e[31m\": {{command: [printf, '{odd}']}}}}")
        self.assertEqual(launch.wait(), DONE, launch.stderr)
        [line] = self.lines_of(launch, "red")
        self.assertEqual(line, "n\\x1b[31m | \x1b[1;31mred\x1b[0m \\x1b]0;title\\x07 "
                               "\\x1b[2J \\xc2\\x9b 5")

    def test_a_signal_stops_them_in_reverse_order(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                nodes = "".join(f"  n{i}: {{command: [{self.node}, n{i}], wait_for: ready}}\n"
                                for i in range(4))
                launch = self.start_launch("nodes:\n" + nodes)
                launch.wait_for_line("ready n3", launch.out_lines)
                self.assertEqual(launch.stop(number), DONE, launch.stderr)
                stopped = [line.split()[-1] for line in self.lines_of(launch, "stopping")]
                self.assertEqual(stopped, ["n3", "n2", "n1", "n0"])

    def test_it_ends_with_its_last_node(self):
        launch = self.start_launch("nodes:\n  a: {command: echo one}\n  b: {command: echo two}\n")
        self.assertEqual(launch.wait(), DONE, launch.stderr)
        self.assertIn("a | one", launch.out_lines)
        self.assertIn("b | two", launch.out_lines)

    def test_output_is_whole_also_of_a_node_that_ends_at_once(self):
        """Nothing a node said last is lost: 5000 lines, and one without an end."""
        script = self.write("talk.sh", "for i in $(seq 5000); do echo line $i; done; printf end")
        launch = self.start_launch(f"nodes:\n  talker: {{command: [bash, {script}]}}\n")
        self.assertEqual(launch.wait(), DONE)
        said = [line.split(" | ")[1] for line in launch.out_lines if "exited" not in line]
        self.assertEqual(said, [f"line {i}" for i in range(1, 5001)] + ["end"])

    def test_restart_on_failure_ends_after_max_restarts(self):
        script = self.write("fail.sh", "echo run; exit 3")
        launch = self.start_launch(f"""
nodes:
  bad: {{command: [bash, {script}], restart: on-failure, max_restarts: 3, restart_delay: 0.05}}
""")
        self.assertEqual(launch.wait(), DONE, launch.stderr)
        self.assertEqual(len([line for line in launch.out_lines if line == "bad | run"]), 4)
        self.assertEqual(launch.out_lines.count("bad | exited with 3"), 4)

    def test_a_node_does_not_ignore_the_signals_that_launch_ignores(self):
        launch = self.start_launch("nodes:\n  n: {command: grep SigIgn /proc/self/status}\n")
        self.assertEqual(launch.wait(), DONE)
        ignored = int(self.lines_of(launch, "SigIgn")[0].split()[-1], 16)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            self.assertEqual(ignored >> (number - 1) & 1, 0, number)

    def test_restart_on_failure_does_not_restart_success(self):
        launch = self.start_launch("nodes:\n  ok: {command: echo run, restart: on-failure}\n")
        self.assertEqual(launch.wait(), DONE)
        self.assertEqual(launch.out_lines.count("ok | run"), 1)

    def test_restart_always_restarts_success_too(self):
        launch = self.start_launch("""
nodes:
  ok: {command: echo run, restart: always, max_restarts: 2, restart_delay: 0.01}
""")
        self.assertEqual(launch.wait(), DONE)
        self.assertEqual(launch.out_lines.count("ok | run"), 3)

    def test_a_required_node_that_has_used_up_its_restarts_fails_the_launch(self):
        for command, policy in (("'false'", "on-failure"), ("'true'", "always")):
            with self.subTest(policy=policy):
                launch = self.start_launch(f"""
nodes:
  keeper: {{command: [{self.node}, keeper], wait_for: ready}}
  vital: {{command: {command}, restart: {policy}, max_restarts: 2, restart_delay: 0.01,
          required: true}}
""")
                self.assertEqual(launch.wait(), FAILED)
                self.assert_one_line(launch.stderr, "vital", "used up its 2 restarts")

    def test_a_recorder_that_was_killed_goes_on_in_its_bag(self):
        bag = self.space.path("a.zbag")
        urls = " ".join(harness.PORTS)
        launch = self.start_launch(f"""
nodes:
  rec:
    command: zbag record --resume --with-broker -o {bag} --min-free 10 {urls}
    wait_for: ready
    restart: on-failure
    max_restarts: 1
    restart_delay: 0.05
    required: true
""")
        launch.wait_for_line("rec | ready ", launch.out_lines)
        pid = harness.wait_until(lambda: self.info(bag)["runs"], "a run") and self.pid_of_recorder()
        os.kill(pid, signal.SIGKILL)
        launch.wait_for_line("starts again", launch.out_lines)
        harness.wait_until(lambda: len(self.info(bag)["runs"]) == 2, "a second run")
        self.assertEqual(launch.stop(), DONE, launch.stderr)
        self.assertEqual([run["status"] for run in self.info(bag)["runs"]], ["open", "closed"])
        done = self.run_ok("record", "-o", bag, "--with-broker", *harness.PORTS, code=FAILED)
        self.assert_one_line(done.stderr, "--resume")

    def pid_of_recorder(self):
        """It stands in the lock of the node's name."""
        with open(self.space.path("rt", "record.ctl.lock"), encoding="ascii") as file:
            return int(file.read().split("pid ")[1].rstrip(")"))

    def test_a_restart_waits_its_delay(self):
        began = time.monotonic()
        launch = self.start_launch("""
nodes:
  bad: {command: "false", restart: on-failure, max_restarts: 1, restart_delay: 0.6}
""")
        self.assertEqual(launch.wait(), DONE)
        self.assertGreaterEqual(time.monotonic() - began, 0.6)

    def test_a_node_that_fails_before_it_is_ready_starts_again(self):
        mark = self.space.path("tried")
        script = self.write("second.sh", f"[ -e {mark} ] || {{ touch {mark}; exit 3; }}\n"
                                         "echo ready; sleep 1000")
        launch = self.start_launch(f"""
nodes:
  late: {{command: [bash, {script}], wait_for: ready, restart: on-failure, restart_delay: 0.05}}
  last: {{command: [{self.node}, last]}}
""")
        launch.wait_for_line("ready last", launch.out_lines)
        self.assertEqual(self.lines_of(launch, "late | exited"), ["late | exited with 3"])
        self.assertEqual(launch.stop(), DONE, launch.stderr)

    def test_a_node_starts_again_while_a_later_one_is_awaited(self):
        mark = self.space.path("twice")
        first = self.write("first.sh", f"[ -e {mark}.1 ] && touch {mark}; touch {mark}.1; exit 3")
        later = self.write("later.sh", f"until [ -e {mark} ]; do sleep 0.05; done; echo ready")
        launch = self.start_launch(f"""
nodes:
  first: {{command: [bash, {first}], restart: on-failure, max_restarts: 1, restart_delay: 0.05}}
  later: {{command: [bash, {later}], wait_for: ready}}
""")
        self.assertEqual(launch.wait(), DONE, launch.stderr)
        self.assertEqual(self.lines_of(launch, "ready"), ["later | ready"])

    def test_a_required_node_that_fails_ends_the_wait_for_a_later_one(self):
        launch = self.start_launch("""
nodes:
  vital: {command: "false", required: true}
  mute: {command: sleep 1000, wait_for: ready, wait_timeout: 1h}
""")
        self.assertEqual(launch.wait(), FAILED)
        self.assert_one_line(launch.stderr, "vital", "exited with 1")

    def test_a_node_killed_by_a_signal_has_failed(self):
        script = self.write("die.sh", "kill -9 $$")
        launch = self.start_launch(f"nodes:\n  d: {{command: [bash, {script}], required: true}}\n")
        self.assertEqual(launch.wait(), FAILED)
        self.assertEqual(self.lines_of(launch, "signal 9"),
                         ["d | was ended by signal 9", "d | in the end: was ended by signal 9"])

    def test_a_required_node_that_fails_stops_all_and_is_named(self):
        script = self.write("fail.sh", "sleep 0.2; exit 7")
        launch = self.start_launch(f"""
nodes:
  keeper: {{command: [{self.node}, keeper], wait_for: ready}}
  vital: {{command: [bash, {script}], required: true}}
""")
        self.assertEqual(launch.wait(), FAILED)
        self.assert_one_line(launch.stderr, "vital", "7")
        self.assertEqual(len(self.lines_of(launch, "stopping keeper")), 1)

    def test_a_node_that_is_not_required_may_fail(self):
        launch = self.start_launch(f"""
nodes:
  extra: {{command: "false"}}
  keeper: {{command: [{self.node}, keeper], wait_for: ready}}
""")
        launch.wait_for_line("ready keeper", launch.out_lines)
        self.assertEqual(launch.stop(), DONE, launch.stderr)

    def test_a_program_that_is_not_there_is_named_before_any_is_started(self):
        """A folder is no program, nor is a file that may not be run."""
        mark = self.space.path("was_started")
        plain = self.write("plain.sh", "echo run")
        for program in ("no_such_program_here", self.space.path("nowhere"), plain,
                        self.space.path(".")):
            path = self.write("launch.yaml", f"""
nodes:
  first: {{command: [touch, {mark}]}}
  x: {{command: ["{program}"], restart: on-failure}}
""")
            for options in ((), ("--dry-run",)):
                with self.subTest(program=program, options=options):
                    done = self.run_ok("launch", path, *options, code=FAILED)
                    self.assert_one_line(done.stderr, "node x", "no program", program)
                    self.assertEqual(done.stdout, b"")
        self.assertFalse(os.path.exists(mark))

    def test_a_script_without_its_interpreter_is_named(self):
        script = self.write("odd.sh", "#!/no/such/interpreter\n")
        os.chmod(script, 0o755)
        launch = self.start_launch(f"nodes:\n  x: {{command: [{script}], required: true}}\n")
        self.assertEqual(launch.wait(), FAILED)
        self.assertEqual(len(self.lines_of(launch, "no such program or interpreter")), 1)

    def test_how_a_node_failed_is_said_last(self):
        """Also of one that nobody requires, and after all that others say while they stop."""
        fail = self.write("fail.sh", "exit 5")
        launch = self.start_launch(f"""
nodes:
  bad: {{command: [bash, {fail}], restart: on-failure, max_restarts: 1, restart_delay: 0.01}}
  keeper: {{command: [{self.node}, keeper], wait_for: ready}}
""")
        launch.wait_for_line("ready keeper", launch.out_lines)
        harness.wait_until(lambda: len(self.lines_of(launch, "exited with 5")) == 2, "both ends")
        self.assertEqual(launch.stop(), DONE, launch.stderr)
        self.assertEqual(launch.out_lines[-2:], [
            "keeper | stopping keeper",
            "bad    | in the end: exited with 5, and has used up its 1 restarts"])

    def test_a_node_that_stops_the_launch_hands_on_that_it_has_lost(self):
        """Required or not, and if Ctrl-C has stopped it: 3 is done, with a loss."""
        lossy = self.write("lossy.sh", "trap 'exit 3' INT; echo ready; [ $1 ] || exit 3\n"
                           "while true; do sleep 0.05; done")
        for required in ("false", "true"):
            for wait in ("", "wait"):
                with self.subTest(required=required, wait=wait):
                    launch = self.start_launch(f"""
nodes:
  l: {{command: [bash, {lossy}, "{wait}"], wait_for: ready, stops_launch: true,
      required: {required}}}
""")
                    launch.wait_for_line("ready", launch.out_lines)
                    self.assertEqual(launch.stop() if wait else launch.wait(), LOSSY, launch.stderr)
                    self.assertEqual(launch.out_lines[-1], "l | in the end: exited with 3")

    def test_a_required_node_that_failed_outranks_a_loss(self):
        lossy = self.write("lossy.sh", "sleep 0.2; exit 3")
        vital = self.write("vital.sh", "trap 'exit 4' INT; echo ready\n"
                           "while true; do sleep 0.05; done")
        launch = self.start_launch(f"""
nodes:
  vital: {{command: [bash, {vital}], wait_for: ready, required: true}}
  l: {{command: [bash, {lossy}], stops_launch: true}}
""")
        self.assertEqual(launch.wait(), FAILED)
        self.assert_one_line(launch.stderr, "vital", "exited with 4")
        self.assertEqual(self.lines_of(launch, "in the end"),
                         ["vital | in the end: exited with 4", "l     | in the end: exited with 3"])

    def test_a_node_that_never_gets_ready_fails_the_launch_in_time(self):
        launch = self.start_launch(f"""
nodes:
  first: {{command: [{self.node}, first], wait_for: ready}}
  mute: {{command: sleep 1000, wait_for: ready, wait_timeout: 0.3}}
""")
        self.assertEqual(launch.wait(), FAILED)
        self.assert_one_line(launch.stderr, "mute", "ready")
        self.assertEqual(len(self.lines_of(launch, "stopping first")), 1)

    def test_a_node_that_ends_before_it_is_ready_fails_the_launch(self):
        launch = self.start_launch("nodes:\n  short: {command: echo hello, wait_for: ready}\n")
        self.assertEqual(launch.wait(), FAILED)
        self.assert_one_line(launch.stderr, "short")

    def test_environment_and_variables_reach_the_node(self):
        script = self.write("env.sh", 'echo "$COLOUR $SHAPE $1"')
        self.space.env["FROM_OUTSIDE"] = "outside"
        launch = self.start_launch(f"""
variables: {{colour: red, word: "${{env:FROM_OUTSIDE}}"}}
nodes:
  e:
    command: bash
    arguments: [{script}, "${{word}}-${{word}}"]
    environment: {{COLOUR: "${{colour}}", SHAPE: "round thing"}}
""")
        self.assertEqual(launch.wait(), DONE)
        self.assertIn("e | red round thing outside-outside", launch.out_lines)

    def test_no_process_is_left_behind(self):
        """Children of a node too: they are in its process group."""
        mark = f"97{os.getpid()}"
        script = self.write("parent.sh", f"sleep {mark} & echo ready; wait")
        launch = self.start_launch(f"nodes:\n  p: {{command: [bash, {script}], wait_for: ready}}\n")
        launch.wait_for_line("ready", launch.out_lines)
        self.assertEqual(launch.stop(), DONE)
        self.assert_no_process_has(mark)

    def test_what_a_node_leaves_behind_goes_when_it_ends(self):
        """Not when the launch does: the number of its group may be somebody else's by then."""
        mark = f"96{os.getpid()}"
        script = self.write("parent.sh", f"sleep {mark} & exit 0")
        launch = self.start_launch(f"""
nodes:
  keeper: {{command: [{self.node}, keeper], wait_for: ready}}
  p: {{command: [bash, {script}]}}
""")
        launch.wait_for_line("exited with 0", launch.out_lines)
        self.assert_no_process_has(mark)
        self.assertEqual(launch.stop(), DONE)

    def test_a_program_is_started_as_a_shell_would(self):
        """Signals that we take otherwise are not ignored, and of files it has the usual three (and
        `ls` the folder)."""
        launch = self.start_launch("""
nodes:
  signals: {command: grep SigIgn /proc/self/status}
  files: {command: ls /proc/self/fd}
""")
        self.assertEqual(launch.wait(), DONE)
        ignored = int(self.lines_of(launch, "SigIgn:")[0].split()[-1], 16)
        for number in (signal.SIGINT, signal.SIGPIPE):
            self.assertFalse(ignored >> (number - 1) & 1, number)
        files = [line for line in self.lines_of(launch, "files   | ") if line[-1].isdigit()]
        self.assertEqual([line.split(" | ")[1] for line in files if "exited" not in line],
                         ["0", "1", "2", "3"])

    def test_it_starts_a_recorder_and_a_publisher_of_this_zbag(self):
        """The program beside the command is found first; the bag is whole after Ctrl-C."""
        source = self.write("s.jsonl", "".join(
            '{"track":"a","_ts":%d,"fields":{"n":%d}}\n' % (n, n) for n in range(100)))
        bag = self.space.path("launched.zbag")
        ports = "--publish-to tcp://127.0.0.1:@1 --subscribe-to tcp://127.0.0.1:@2"
        with free_ports() as (first, second):
            ports = ports.replace("@1", str(first)).replace("@2", str(second))
        launch = self.start_launch(f"""
variables: {{bag: nowhere.zbag}}
nodes:
  recorder:
    command: zbag record --with-broker --min-free 10 {ports}
    arguments: [-o, "${{bag}}"]
    wait_for: "ready "
    required: true
  sensor: {{command: "zbag pub {source} --burst {ports}"}}
""", "--args", f"bag={bag}")
        launch.wait_for_line("published 100 frames", launch.out_lines)
        self.assertEqual(launch.stop(), DONE, launch.stderr)
        self.assertEqual(self.assert_whole(bag)["points"], 100)


class free_ports:
    """Two ports that were free a moment ago; a launch file cannot learn them from a `*`."""

    def __enter__(self):
        self.sockets = [socket.socket() for _ in range(2)]
        for one in self.sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in self.sockets]

    def __exit__(self, *_):
        for one in self.sockets:
            one.close()


class FileTest(LaunchTest):

    def listed(self, text, *options):
        done = self.run_ok("launch", self.write("l.yaml", text), "--list", *options)
        return done.stdout.decode().split()

    def assert_refused(self, text, line, *words, code=USAGE):
        path = self.write("l.yaml", text)
        done = self.space.run("launch", path, "--dry-run")
        self.assertEqual(done.returncode, code, done.stderr)
        self.assert_one_line(done.stderr, f"{path}:{line}:" if line else path, *words)

    def test_list_and_dry_run_start_nothing(self):
        mark = self.space.path("was_started")
        text = f"nodes:\n  a: {{command: touch {mark}}}\n  b: {{command: [echo, hello]}}\n"
        self.assertEqual(self.listed(text), ["a", "b"])
        done = self.run_ok("launch", self.write("l.yaml", text), "--dry-run")
        self.assertEqual(done.stdout.decode().splitlines(), [f"a: touch {mark}", "b: echo hello"])
        self.assertFalse(os.path.exists(mark))

    def test_a_folder_is_no_launch_file(self):
        done = self.run_ok("launch", self.space.folder, code=FAILED)
        self.assert_one_line(done.stderr, f"zbag launch: {self.space.folder}: it is no file")

    def commands(self, text, *options):
        path = self.write("l.yaml", text)
        return self.run_ok("launch", path, "--dry-run", *options).stdout.decode().splitlines()

    def test_a_command_is_a_list_or_a_line_with_quotes(self):
        for command in ("[echo, \"a b\", it's]", "'echo \"a b\" \"it''s\"'", "echo a\\ b it\\'s",
                        "\n      - echo\n      - a b\n      - it's",
                        ">-\n      echo 'a b'\n      it\\'s"):
            with self.subTest(command=command):
                self.assertEqual(self.commands(f"nodes:\n  a:\n    command: {command}\n"),
                                 ["a: echo 'a b' 'it'\\''s'"])

    def test_words_in_quotes_reach_the_program_as_one(self):
        script = self.write("args.sh", 'for word; do echo "<$word>"; done')
        launch = self.start_launch(f"""
variables: {{name: "two words", options: "-a  -b", odd: "it's \\"odd"}}
nodes:
  a:
    command: bash {script} "${{name}}" ${{options}} 'x ${{name}}' "${{odd}}"
""")
        self.assertEqual(launch.wait(), DONE, launch.stderr)
        said = [line.split(" | ")[1] for line in launch.out_lines if "<" in line]
        self.assertEqual(said, ["<two words>", "<-a>", "<-b>", "<x ${name}>", "<it's \"odd>"])

    def test_a_quote_that_is_not_closed_is_named(self):
        for key, text in (("command", "echo \"a b"), ("command", "echo it's"),
                          ("arguments", "a 'b")):
            with self.subTest(text=text):
                lines = "nodes:\n  a:\n" + ("    command: echo\n" if key == "arguments" else "")
                self.assert_refused(f"{lines}    {key}: {text}\n", lines.count("\n") + 1, text,
                                    "is not closed")

    def test_a_command_that_is_a_map_is_refused(self):
        self.assert_refused("nodes:\n  a: {command: {x: 1}}\n", 2, "a list of words, or a line")

    def test_a_copied_line_of_a_dry_run_is_what_was_started(self):
        words = ["plain", "a b", "$(touch x)", "it's", "", "\\", "*", "~", "\u00fc"]
        listed = "".join(f"      - '{word}'\n" for word in (w.replace("'", "''") for w in words))
        (line,) = self.commands("nodes:\n  a:\n    command:\n      - printf\n      - '%s;'\n"
                                + listed)
        done = subprocess.run(["sh", "-c", line.removeprefix("a: ")], capture_output=True, check=True)
        self.assertEqual(done.stdout.decode(), "".join(word + ";" for word in words))

    def test_variables_have_defaults_that_args_override(self):
        text = ("variables: {seconds: 5, rate: \"${seconds}0\"}\n"
                "nodes:\n  a: {command: \"echo ${seconds} ${rate}\"}\n")
        path = self.write("l.yaml", text)
        for options, expected in (((), "a: echo 5 50"), (("--args", "seconds=7"), "a: echo 7 70"),
                                  (("--args", "seconds=7", "--args", "rate=1"), "a: echo 7 1")):
            done = self.run_ok("launch", path, "--dry-run", *options)
            self.assertEqual(done.stdout.decode().strip(), expected)

    def test_an_arg_nobody_uses_is_refused(self):
        """A typo in --args must not start the robot with a default."""
        path = self.write("l.yaml", "variables: {rate: 1}\nnodes:\n  a: {command: echo}\n")
        done = self.space.run("launch", path, "--dry-run", "--args", "rat=2")
        self.assertEqual(done.returncode, USAGE, done.stdout)
        self.assert_one_line(done.stderr, "rat")

    def test_if_leaves_a_node_out(self):
        text = ("variables: {on: \"%s\"}\nnodes:\n"
                "  a: {command: echo, if: \"${on}\"}\n  b: {command: echo}\n")
        for value, expected in (("true", ["a", "b"]), ("false", ["b"]), ("no", ["b"]), ("0", ["b"]),
                                ("", ["b"]), ("yes", ["a", "b"]), ("1", ["a", "b"])):
            with self.subTest(value=value):
                self.assertEqual(self.listed(text % value), expected)

    def test_included_nodes_come_first_with_the_variables_of_the_including_file(self):
        self.write("more/sensors.yaml",
                   "variables: {rate: 1}\nnodes:\n  s: {command: \"echo ${rate}\"}\n")
        text = "include: [more/sensors.yaml]\nnodes:\n  main: {command: echo}\n"
        self.assertEqual(self.listed(text), ["s", "main"])
        path = self.write("l.yaml", text)
        done = self.run_ok("launch", path, "--dry-run", "--args", "rate=9")
        self.assertEqual(done.stdout.decode().splitlines()[0], "s: echo 9")

    def test_mistakes_name_file_and_line(self):
        for text, line, words in (
                ("nodes:\n  a:\n    comand: echo\n", 3, ("comand",)),
                ("nods:\n  a: {command: echo}\n", 1, ("nods",)),
                ("nodes:\n  a: {command: echo}\n  b: {wait_for: x}\n", 3, ("b", "command")),
                ("nodes:\n  a: {command: echo, restart: sometimes}\n", 2, ("sometimes",)),
                ("nodes:\n  a:\n    command: echo\n    wait_timeout: long\n", 4, ("long",)),
                ("nodes:\n  a:\n    command: echo\n    max_restarts: -1\n", 4, ("-1",)),
                ("nodes:\n  a:\n    command: echo\n    max_restarts: 1.9\n", 4, ("max_restarts", "1.9")),
                ("nodes:\n  a:\n    command: echo ${nothing}\n", 3, ("nothing",)),
                ("nodes:\n  a:\n    command: echo ${env:ZBAG_NOT_SET_AT_ALL}\n", 3,
                 ("ZBAG_NOT_SET_AT_ALL",)),
                ("nodes:\n  a:\n    command: 'echo ${open'\n", 3, ("open",)),
                ("nodes: [a, b]\n", 1, ("nodes",)),
                ("nodes:\n  a: {command: ''}\n", 2, ("a",)),
                ("include: [nowhere.yaml]\nnodes:\n  a: {command: echo}\n", 1, ("nowhere.yaml",)),
                ("nodes:\n  a: {command: echo\n", None, ()),
                ("nodes:\n  a: {command: echo, required: maybe}\n", 2, ("maybe",)),
                ("nodes:\n  a: {command: echo}\n  a: {command: ls}\n", 3, ("a",)),
                ("variables: {x: 1}\n", None, ("nodes",)),
                ("- a\n", 1, ())):
            with self.subTest(text=text):
                self.assert_refused(text, line, *words)

    def test_files_that_include_each_other_end_with_an_error(self):
        self.write("b.yaml", "include: [l.yaml]\n")
        path = self.write("l.yaml", "include: [b.yaml]\nnodes:\n  a: {command: echo}\n")
        done = self.space.run("launch", path, "--dry-run")
        self.assertEqual(done.returncode, USAGE)
        self.assert_one_line(done.stderr, ".yaml")

    def test_variables_that_double_each_other_are_bounded(self):
        """Thirteen lines, which would stand for gigabytes."""
        lines = ["variables:", "  v0: " + "x" * 1000]
        lines += [f"  v{i}: \"{'${v%d}' % (i - 1) * 8}\"" for i in range(1, 12)]
        self.assert_refused("\n".join(lines) + "\nnodes:\n  a: {command: echo}\n", None, "64 KiB")

    def test_files_included_ever_more_often_are_bounded(self):
        for i in range(12):
            self.write(f"f{i}.yaml", f"include: [f{i + 1}.yaml, f{i + 1}.yaml]\n")
        self.write("f12.yaml", "variables: {x: 1}\n")
        path = self.write("l.yaml", "include: [f0.yaml]\nnodes:\n  a: {command: echo}\n")
        done = self.run_ok("launch", path, "--dry-run", code=USAGE)
        self.assert_one_line(done.stderr, "files are included")

    def test_a_pipe_is_not_included(self):
        """Nobody writes into it: it would be waited for."""
        os.mkfifo(self.space.path("pipe.yaml"))
        self.assert_refused("include: [pipe.yaml]\nnodes:\n  a: {command: echo}\n", 1, "pipe.yaml")

    def test_a_missing_file_is_code_1(self):
        done = self.space.run("launch", "/nowhere.yaml")
        self.assertEqual(done.returncode, FAILED)
        self.assert_one_line(done.stderr, "/nowhere.yaml")


if __name__ == "__main__":
    harness.main()
