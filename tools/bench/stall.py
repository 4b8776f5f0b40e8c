# SPDX-License-Identifier: GPL-2.0-or-later
"""From a stall passing its threshold to the line about it, and what looking for deadlocks costs those who lock."""
import contextlib
import datetime
import json
import os
import re
import subprocess
import threading
import time

from common import (deadlock_bpfcc, end, faultd, helper, median, note_absent, path, ratio, read_file, spread, start,
                    verdict, write)

CONFIG = 'stall { deadlock = "1s" lock = "2s" io = "2s" syscall = "2s" eventloop = "2s" }\n'
# What is made, the kind that it has to be told as, and for how long, so that two never compute at once.
STALLS = {
    "deadlock-2": ("stall.deadlock", 3),
    "deadlock-10": ("stall.deadlock", 3),
    "lock-sleeper": ("stall.lock", 3),
    "frozen-fs": ("stall.io", 4),
    "flock-held": ("stall.syscall", 3),
    "loop-busy": ("stall.eventloop", 3),
}
LABELS = {"deadlock-2": "deadlock of two", "lock-sleeper": "lock", "frozen-fs": "frozen filesystem",
          "fuse-hang": "FUSE server", "flock-held": "flock", "loop-busy": "event loop"}
# Not in step with anybody's timer.
WAVE = 4.63
HUNG = "/proc/sys/kernel/hung_task_"
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


# ---- the lines


class Reader(threading.Thread):
    """The lines, and when each could be read."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.lines = stream, []

    def run(self):
        rest = b""
        while piece := os.read(self.stream.fileno(), 1 << 16):
            now = time.time_ns()
            *lines, rest = (rest + piece).split(b"\n")
            self.lines += [(now, line) for line in lines]


def nanoseconds(stamp):
    whole, fraction = stamp.rstrip("Z").split(".")
    seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0"))


def take(lines):
    """By stall: how much later than its threshold it was told, by the line itself and to who reads it, in ns."""
    found = {name: {"told": [], "read": [], "members": [], "otherwise": []} for name in list(STALLS) + ["fuse-hang"]}
    for arrived, line in lines:
        event = json.loads(line)
        arguments = event.get("process", {}).get("args", [])
        if event["event"]["dataset"] != "faultd.fault" or len(arguments) < 2 or arguments[1] not in found:
            continue
        name, kind, stall = arguments[1], event["faultd"]["kind"], event["faultd"].get("stall", {})
        if kind != STALLS.get(name, ("stall.io",))[0]:
            found[name]["otherwise"].append(kind)
            continue
        due = nanoseconds(stall["since"]) + stall["threshold_ns"]
        found[name]["told"].append(nanoseconds(event["@timestamp"]) - due)
        found[name]["read"].append(arrived - due)
        found[name]["members"].append(len(stall.get("cycle", [])))
        found[name]["threshold"] = stall["threshold_ns"]
    return found


# ---- the stalls


@contextlib.contextmanager
def filesystem():
    """One of our own that can be frozen: its mount point, or None."""
    image, mount = path("filesystem"), path("mount")
    os.mkdir(mount)
    with open(image, "wb") as file:
        file.truncate(16 << 20)
    mounted = False
    with contextlib.suppress(OSError):
        mounted = not (subprocess.run(["mkfs.ext4", "-q", "-F", image], **QUIET, check=False).returncode
                       or subprocess.run(["mount", "-o", "loop", image, mount], **QUIET, check=False).returncode)
    try:
        yield mount if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", mount], **QUIET, check=False)


class Khungtaskd:
    """The kernel's own detector, with a timeout of two seconds as long as this lasts."""

    TIMEOUT = 2

    def __init__(self):
        self.before, self.kmsg, self.absent = None, None, ""

    def __enter__(self):
        self.before = {key: read_file(HUNG + key).strip() for key in ("timeout_secs", "warnings", "panic")}
        if not self.before["timeout_secs"]:
            self.absent = "this kernel has none"
        elif self.before["panic"] != "0":
            self.absent = "this host panics when it finds something"
        else:
            try:
                self.kmsg = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
                os.lseek(self.kmsg, 0, os.SEEK_END)
                self.set("warnings", "100")
                self.set("timeout_secs", str(self.TIMEOUT))
            except OSError as error:
                self.absent = f"cannot be set up here: {error.strerror}"
        return self

    @staticmethod
    def set(key, value):
        with open(HUNG + key, "w", encoding="ascii") as file:
            file.write(value)

    def __exit__(self, *_):
        for key in ("timeout_secs", "warnings"):
            with contextlib.suppress(OSError):
                self.set(key, self.before[key])
        if self.kmsg is not None:
            os.close(self.kmsg)

    def found(self):
        """When it told of one of ours: CLOCK_MONOTONIC, about, in seconds."""
        times = []
        with contextlib.suppress(OSError):
            while True:
                record = os.read(self.kmsg, 8192).decode(errors="replace")
                if re.search(r"task faultgen:\d+ blocked for more than", record):
                    times.append(int(record.split(",")[2]) / 1e6)
        return times


def make_stalls(waves, mount):
    """When each froze the filesystem, about: CLOCK_MONOTONIC, which the kernel's log is a little off."""
    made, frozen = [], []
    for _ in range(waves):
        begun = time.monotonic()
        for name, (_, seconds) in STALLS.items():
            arguments = [name, str(seconds)] if name != "frozen-fs" else [name, mount, str(seconds)]
            if name == "frozen-fs" and not mount:
                arguments = ["fuse-hang", str(seconds)]
            made.append(start([path("faultgen"), *arguments], **QUIET))
        frozen.append(time.monotonic())
        time.sleep(WAVE - (time.monotonic() - begun))
    for process in made:
        process.wait()
        end(process)
    return frozen


def measure(quick):
    waves = 1 if quick else 5
    write("stall.conf", CONFIG)
    with faultd("--dry-run", config="stall.conf") as watcher, filesystem() as mount, Khungtaskd() as khungtaskd:
        reader = Reader(watcher.process.stdout)
        reader.start()
        frozen = make_stalls(waves, mount)
        hung = khungtaskd.found() if mount and not khungtaskd.absent else []
        watcher.process.terminate()
        reader.join(10)
    found = take(reader.lines)
    absent = khungtaskd.absent or ("" if mount else "no filesystem can be frozen here")
    rows = [row(name, found[name], waves, peer(frozen, hung, absent) if name == "frozen-fs" else ("-", None))
            for name in found if name in LABELS and (name != "fuse-hang" if mount else name != "frozen-fs")]
    rows.append(deadlock_row(found["deadlock-10"], waves))
    return rows, {"ns": found, "hung": hung, "frozen": frozen, "khungtaskd": absent}


def peer(frozen, hung, absent):
    if absent:
        return f"khungtaskd: not applicable: {absent}", None
    late = [min((at - since - Khungtaskd.TIMEOUT for at in hung if at > since), default=float("nan"))
            for since in frozen]
    late = [seconds * 1e9 for seconds in late if seconds < WAVE]
    if not late:
        return "khungtaskd found none", None
    return f"khungtaskd {ms(median(late))} / {ms(max(late))} ms ({len(late)} of {len(frozen)} found)", median(late)


def ms(ns):
    return f"{ns / 1e6:.0f}"


def limit(sample):
    return max(sample["threshold"] / 4, 300e6)


def row(name, sample, waves, beside):
    title = f"{LABELS[name]} stands still for its threshold -> line readable, p50 / max"
    count = len(sample["read"])
    if not count:
        return title, "not found", beside[0], "-", "found", verdict(False)
    title = title.replace("its threshold", f"{sample['threshold'] / 1e9:.0f} s")
    wrong = f"; also told as {', '.join(sorted(set(sample['otherwise'])))}" if sample["otherwise"] else ""
    return (
        title,
        f"{ms(median(sample['read']))} / {ms(max(sample['read']))} ms; by its own time {ms(median(sample['told']))} / "
        f"{ms(max(sample['told']))} ms ({count} of {waves} found{wrong})",
        beside[0],
        ratio(beside[1], median(sample["read"])) if beside[1] else "-",
        f"<= {ms(limit(sample))} ms after it, never before",
        verdict(count == waves and not wrong and min(sample["told"]) >= 0 and max(sample["read"]) <= limit(sample)),
    )


def deadlock_row(sample, waves):
    title = "deadlock of ten threads -> line readable, p50 / max"
    whole = sample["members"].count(10)
    beside = "bcc deadlock: not comparable: it has to be attached to that process before it locks anything"
    if not sample["read"]:
        return title, "not found", beside, "-", "found", verdict(False)
    since = [late + sample["threshold"] for late in sample["read"]]
    return (
        title,
        f"{ms(median(since))} / {ms(max(since))} ms ({whole} of {waves} with all ten threads)",
        beside,
        "-",
        f"found; <= {ms(sample['threshold'] + limit(sample))} ms",
        verdict(whole == waves and max(sample["read"]) <= limit(sample)),
    )


# ---- what it costs to lock


class Locks:
    def __init__(self):
        self.process = start([helper("locks")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, rounds):
        self.process.stdin.write(f"{rounds}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        end(self.process)
        self.process.stdout.close()


def bcc_can(locks):
    try:
        with deadlock_bpfcc(locks.process.pid):
            return True
    except FileNotFoundError as error:
        note_absent("bcc deadlock", f"{error.filename} is not installed")
    except RuntimeError as error:
        note_absent("bcc deadlock", f"not runnable here: {error}")
    return False


def measure_locks(quick):
    rounds, count = (3, 20000) if quick else (12, 40000)
    samples = {"nothing": [], "faultd": [], "again": [], "bcc": []}
    locks = Locks()
    try:
        peers = bcc_can(locks)
        locks.ask(count)
        for i in range(rounds):
            samples["nothing"].append(locks.ask(count))
            with faultd():
                samples["faultd"].append(locks.ask(count))
            samples["again"].append(locks.ask(count))
            if peers and i % 4 == 0:
                with deadlock_bpfcc(locks.process.pid):
                    # A hundred times dearer, if not more.
                    samples["bcc"].append(locks.ask(count // 100))
    finally:
        locks.close()
    return [locks_row(samples)], {"ns": samples}


def locks_row(samples):
    bases = [(a + b) / 2 for a, b in zip(samples["nothing"], samples["again"])]
    own = [100 * (value / base - 1) for value, base in zip(samples["faultd"], bases)]
    noise = [100 * (b / a - 1) for a, b in zip(samples["nothing"], samples["again"])]
    bcc = median(samples["bcc"]) / median(bases) if samples["bcc"] else None
    error = spread(own) + spread(noise) + abs(median(noise))
    reached = verdict(median(own) <= error)
    return (
        f"a mutex locked and unlocked, {median(bases):.1f} ns of CPU time with nothing loaded, 4 threads",
        f"{median(own):+.2f} % (+-{spread(own):.2f})",
        f"nothing against itself {median(noise):+.2f} % (+-{spread(noise):.2f}); "
        + (f"bcc deadlock {100 * (bcc - 1):+,.0f} %" if bcc else "bcc deadlock: not runnable here"),
        f"{median(own) / 100 + 1:.3f} of nothing loaded",
        "within noise",
        reached if error < 3 else "too noisy to tell",
    )
