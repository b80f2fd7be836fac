# SPDX-License-Identifier: MIT
"""The rungs side by side: the same work bare, under `hybrid`, `sealed` and the peers, in turn within one run.

Each side is one wrapper around one shell that waits for a line, does the work and says so. So starting
the wrapper and writing its evidence are not in the ratios; "one whole run" says what that costs.
"answer only" (answer.c) holds opens as `sealed` does and looks at nothing: the floor of that way.
"""
import shutil, subprocess, time
from statistics import median

GOALS = {  # work: (hybrid, sealed)
    "open+close, dynamic": (1.15, 4.5), "open+close, static": (5.5, 5.5), "grep -rc x /usr/include": (1.30, 2.0),
    "8 x start of python": (1.08, 1.10), "300 x /bin/true": (1.20, 1.25), "C build, make -j2": (1.08, 1.50),
}
OURS = ("hybrid", "sealed")
FLOOR = "answer only"
PEERS = (FLOOR, "fakechroot", "proot", "strace -f --seccomp-bpf", "bwrap", "firejail")


class Worker:
    """A shell under a prefix that does its script once for each line it reads."""
    def __init__(self, prefix, script, directory):
        self.process = subprocess.Popen([*prefix, "sh", "-c", f"while read -r line; do {script}; echo done; done"], cwd=directory, text=True,
                                        bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def turn(self):
        started = time.monotonic()
        try:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
            said = self.process.stdout.readline()
        except BrokenPipeError:
            said = ""
        if said != "done\n":
            raise RuntimeError(f"{' '.join(self.process.args[:3])}: {said!r} {self.process.communicate()[1][-300:]}")
        return time.monotonic() - started

    def end(self):
        self.process.communicate()


def sides(bench):
    """name -> prefix, bare first."""
    found = {"bare": []}
    for mode in OURS:
        found[mode] = bench.wrapped(mode=mode)
        found[mode + " log"] = bench.log_dir
    logs = {mode: found.pop(mode + " log") for mode in OURS}
    for name in PEERS:
        prefix = [f"{bench.base}/answer"] if name == FLOOR else bench.peer_commands.get(name)
        if prefix and shutil.which(prefix[0]):
            found[name] = prefix
    return found, logs


def check(bench, logs):
    """The runs that were timed are what they are said to be."""
    for mode, directory in logs.items():
        bench.log_dir = directory
        bench.checked(mode, 1)


def loop(bench, static):
    prefixes, logs = sides(bench)
    file = f"{bench.base}/a/b/c/file"
    workers, failed = {}, {}
    for name, prefix in prefixes.items():
        workers[name] = bench.start(prefix, "open", 400 if name in ("bare", "hybrid") and not static else 200, file, static)
    rounds = {name: [] for name in workers}
    for turn in range(bench.rounds // 2 + 4):
        for name in list(workers):
            try:
                took = bench.piece(workers[name])
            except RuntimeError as error:
                failed[name] = str(error)
                del workers[name]
                continue
            if turn >= 3:
                rounds[name].append(took)
    for process in workers.values():
        process.communicate()
    check(bench, logs)
    return rounds, failed


def work(bench, script):
    prefixes, logs = sides(bench)
    workers, failed = {name: Worker(prefix, script, f"{bench.base}/work") for name, prefix in prefixes.items()}, {}
    rounds = {name: [] for name in workers}
    for turn in range(bench.work_rounds + 1):
        for name in list(workers):
            try:
                took = workers[name].turn()
            except RuntimeError as error:
                failed[name] = str(error)
                del workers[name]
                continue
            if turn:
                rounds[name].append(took * 1e9)
    for worker in workers.values():
        worker.end()
    check(bench, logs)
    return rounds, failed


def ratios(rounds, fastest):
    """Of loops the median of the pairs' ratios; of whole programs the fastest rounds: who waits for a processor is not slow."""
    bare = rounds["bare"]
    if fastest:
        return {name: min(times) / min(bare) for name, times in rounds.items() if len(times) == len(bare) and name != "bare"}
    return {name: median(y / x for x, y in zip(bare, times)) for name, times in rounds.items() if len(times) == len(bare) and name != "bare"}


def measure(bench):
    bench.section("The rungs: `--mode=hybrid` and `--mode=sealed`")
    jobs = {"open+close, dynamic": lambda: loop(bench, False), "open+close, static": lambda: loop(bench, True)}
    for what in ("grep -rc x /usr/include", "8 x start of python", "300 x /bin/true", "C build, make -j2"):
        jobs[what] = lambda what=what: work(bench, bench.scripts[what])
    for what, job in jobs.items():
        rounds, failed = job()
        for name, error in failed.items():
            print(f"# {what}: {name}: {error}")
        whole = not what.startswith("open+close")
        factor, typical = ratios(rounds, whole), min if whole else median
        for mode, goal in zip(OURS, GOALS[what]):
            if mode not in factor:
                raise RuntimeError(f"{what}: {mode}: {failed.get(mode)}")
            bare, seen = typical(rounds["bare"]), typical(rounds[mode])
            unit, by = ("us", 1e3) if bare < 1e6 else ("ms", 1e6)
            bench.row(f"{what}, {mode}", f"{factor[mode]:.2f} x", f"<= {goal:.2f} x", factor[mode] <= goal,
                      f"{bare / by:.2f} {unit} bare, {seen / by:.2f} {unit} wrapped")
        bench.ladder_rows.append((what, *(f"{factor[name]:.2f}" if name in factor else "-" for name in OURS + PEERS)))
        print("    beside: " + ", ".join(f"{name} {factor[name]:.2f} x" for name in PEERS if name in factor), flush=True)


def table(bench):
    if not bench.ladder_rows:
        return []
    head = ("work, x bare", *OURS, *PEERS)
    return ["", "The same work elsewhere, in the same run, each as a ratio to the bare one beside it:", "", f"| {' | '.join(head)} |",
            "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in bench.ladder_rows)]
