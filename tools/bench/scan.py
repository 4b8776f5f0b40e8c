# SPDX-License-Identifier: GPL-2.0-or-later
"""What a look at every thread of the host costs: faultd's scan, and reading the same out of /proc."""
import contextlib
import subprocess
import time

from common import bpftool, end, faultd, helper, median, note_absent, ratio, start, verdict, wait_for

# How many, and for how long the daemon is watched each time: it looks the seldomer the more there are.
SIZES = {100: 2, 5000: 2, 20000: 4.5}
IDLE_SIZE = 1000


@contextlib.contextmanager
def sleepers(count):
    process = start([helper("threads"), str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE)
    try:
        if not wait_for(process.stdout, b"ready", 60):
            raise RuntimeError(process.stderr.read().decode().strip() or "the threads did not start")
        time.sleep(1)
        yield
    finally:
        process.stdin.close()
        end(process)
        for stream in (process.stdout, process.stderr):
            stream.close()


class Visits:
    """How many threads the scans have looked at so far, out of the daemon's own memory in the kernel."""

    def __init__(self, watcher):
        self.map = None
        for identity in {fields["map_id"] for fields in watcher.descriptors() if "map_id" in fields}:
            if str((bpftool("map", "show", "id", identity) or {}).get("name", "")).endswith(".data"):
                self.map = identity

    def read(self):
        dump = self.map and bpftool("map", "dump", "id", self.map)
        for section in dump or []:
            for variables in section.get("formatted", section).get("value", {}).values():
                for variable in variables:
                    if "scan" in variable:
                        return int(variable["scan"]["visited"])
        return None


class Reader:
    """Reads /proc/PID/task/TID/stat of every thread: (ns of CPU time, threads)."""

    def __init__(self):
        self.process = start([helper("procstat")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self):
        # As long as between two scans: right after the last pass all would still be in the caches.
        time.sleep(0.2)
        self.process.stdin.write("1\n")
        self.process.stdin.flush()
        return tuple(map(int, self.process.stdout.readline().split()))

    def close(self):
        self.process.stdin.close()
        end(self.process)
        self.process.stdout.close()


def window(watcher, visits, seconds):
    """All that the daemon used meanwhile is put down to its scans."""
    seen, cpu, begun = visits.read(), watcher.cpu_ns(), time.monotonic()
    time.sleep(seconds)
    return {"visited": visits.read() - seen, "cpu_ns": watcher.cpu_ns() - cpu, "seconds": time.monotonic() - begun}


def one_size(watcher, visits, reader, rounds, seconds):
    scans, passes = [], []
    for _ in range(rounds):
        scans.append(window(watcher, visits, seconds))
        passes += [reader.read() for _ in range(3)]
    return {"scans": scans, "passes": passes}


def measure(quick):
    rounds, sizes = (1, list(SIZES)[:2]) if quick else (3, SIZES)
    result = {}
    reader = Reader()
    try:
        with faultd() as watcher:
            visits = Visits(watcher)
            if visits.read() is None:
                note_absent("scan", "bpftool does not tell how many threads were looked at")
                return [], {}
            for size in sizes:
                try:
                    with sleepers(size):
                        result[size] = one_size(watcher, visits, reader, rounds, SIZES[size])
                except RuntimeError as error:
                    note_absent(f"scan of {size:,} threads", str(error))
        # Another one, that does not remember what many threads cost.
        with sleepers(IDLE_SIZE), faultd() as watcher:
            time.sleep(1)
            visits = Visits(watcher)
            idle = [window(watcher, visits, 2) for _ in range(1 if quick else 5)]
            threads = reader.read()[1]
    finally:
        reader.close()
    rows = [row(size, sample) for size, sample in result.items()] + [idle_row(idle, threads)]
    return rows, {"sizes": result, "idle": idle}


def row(size, sample):
    own = median([scan["cpu_ns"] / scan["visited"] for scan in sample["scans"] if scan["visited"]])
    peer = median([ns / threads for ns, threads in sample["passes"]])
    threads = median([threads for _, threads in sample["passes"]])
    visited, seconds = (sum(scan[key] for scan in sample["scans"]) for key in ("visited", "seconds"))
    return (
        f"scan of {size:,} sleeping threads, {threads:,.0f} on the host: CPU time a thread",
        f"{own:.0f} ns ({own * threads / 1e3:,.0f} us a scan, one in {seconds * threads / visited * 1e3:.0f} ms)",
        f"reading /proc/*/task/*/stat {peer:,.0f} ns ({peer * threads / 1e3:,.0f} us)",
        ratio(peer, own),
        ">= 10x",
        verdict(peer >= 10 * own),
    )


def idle_row(idle, threads):
    # A window in which somebody else's thread was suspected is no measure of doing nothing.
    share = median([100 * sample["cpu_ns"] / 1e9 / sample["seconds"] for sample in idle])
    interval = median([sample["seconds"] * threads / sample["visited"] for sample in idle])
    return (
        f"faultd with {IDLE_SIZE:,} sleeping threads, {threads:,} on the host, median of {len(idle)} times 2 s",
        f"{share:.3f} % of a CPU (a scan in {interval * 1e3:.0f} ms)",
        "-",
        "-",
        "<= 0.1 % of a CPU",
        verdict(share <= 0.1),
    )
