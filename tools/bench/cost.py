# SPDX-License-Identifier: GPL-2.0-or-later
"""What watching costs those who are watched: a system call, a context switch, a process that comes and goes."""
import os
import subprocess
import time

from common import (bpftrace_exit, end, exitsnoop, faultd, faultd_policy, helper, median, offcputime, runqslower,
                    spread, start, syscount, verdict, watchers)

NOTHING, AGAIN = "nothing", "nothing, again"
LABELS = {"exitsnoop": "exitsnoop", "bpftrace_exit": "bpftrace", "offcputime": "offcputime", "runqslower": "runqslower",
          "syscount": "syscount"}
# What these cost is large: some rounds tell it.
SELDOM, EVERY = (offcputime, runqslower, syscount), 4
# Programs leave the kernel some time after their owner has gone.
SETTLE = 0.1


class Meter:
    """The process that pays: the same one throughout, on one CPU."""

    def __init__(self):
        self.process = start([helper("cost"), helper("nothing")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True)

    def ask(self, what, count):
        self.process.stdin.write(f"{what} {count}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def cpu(self):
        return min(os.sched_getaffinity(self.process.pid))

    def close(self):
        self.process.stdin.close()
        end(self.process)
        self.process.stdout.close()


def read(meter, counts, samples, watcher=None):
    time.sleep(SETTLE)
    for what, count in counts.items():
        before = watcher.cpu_ns() if watcher else 0
        samples[what].append(meter.ask(what, count))
        if watcher and what == "spawn":
            samples["daemon"].append((watcher.cpu_ns() - before) / count)


def measure(quick):
    rounds = 3 if quick else 20
    counts = {"syscall": 100, "switch": 100, "spawn": 300} if quick else {"syscall": 200, "switch": 200, "spawn": 700}
    able = watchers(faultd, faultd_policy, exitsnoop, bpftrace_exit)
    seldom = watchers(*SELDOM)
    samples = {name: {"syscall": [], "switch": [], "spawn": [], "daemon": []}
               for name in [NOTHING, AGAIN] + [maker.__name__ for maker in able + seldom]}
    meter = Meter()
    for what, count in counts.items():
        meter.ask(what, count)
    try:
        for i in range(rounds):
            read(meter, counts, samples[NOTHING])
            # Every second round the other way about: what drifts, drifts for all.
            for maker in able if i % 2 else able[::-1]:
                with maker() as watcher:
                    read(meter, counts, samples[maker.__name__], watcher)
            for maker in seldom if i % EVERY == 0 else []:
                with maker() as watcher:
                    read(meter, {what: counts[what] for what in ("syscall", "switch")}, samples[maker.__name__])
            read(meter, counts, samples[AGAIN])
    finally:
        meter.close()
    rows = [relative_row(samples, "syscall", "system call (getppid)"),
            relative_row(samples, "switch", "context switch (pipe, one CPU)"), spawn_row(samples)]
    return rows, {"ns": samples}


def baselines(samples, what):
    return [(a + b) / 2 for a, b in zip(samples[NOTHING][what], samples[AGAIN][what])]


def relative(samples, name, what):
    """Percent above what the same round measured with nothing loaded."""
    bases = baselines(samples, what)
    if name in {maker.__name__ for maker in SELDOM}:
        bases = bases[::EVERY]
    return [100 * (value / base - 1) for value, base in zip(samples[name][what], bases)]


def told(reached, noise, limit):
    return verdict(reached) if noise < limit else "too noisy to tell"


def relative_row(samples, what, title):
    own = relative(samples, "faultd", what)
    # The same compared with itself: what a difference has to exceed to be one.
    noise = [100 * (b / a - 1) for a, b in zip(samples[NOTHING][what], samples[AGAIN][what])]
    peers = [f"{label} {median(relative(samples, name, what)):+.2f} %"
             for name, label in LABELS.items() if name in samples]
    return (
        f"{title}, {median(baselines(samples, what)):.0f} ns with nothing loaded",
        f"{median(own):+.2f} % (+-{spread(own):.2f})",
        "; ".join([f"nothing against itself {median(noise):+.2f} % (+-{spread(noise):.2f})"] + peers),
        f"{median(own) / 100 + 1:.3f} of nothing loaded",
        "within noise, < 1 %",
        told(median(own) < 1, abs(median(noise)) + spread(noise), 1),
    )


def added(samples, name):
    return [value - base for value, base in zip(samples[name]["spawn"], baselines(samples, "spawn"))]


def describe(samples, name):
    values = added(samples, name)
    return f"{median(values) / 1e3:+.2f} us (+-{spread(values) / 1e3:.2f})"


def spawn_row(samples):
    own = median(added(samples, "faultd"))
    noise = [b - a for a, b in zip(samples[NOTHING]["spawn"], samples[AGAIN]["spawn"])]
    peers = [(label, name) for label, name in (("exitsnoop", "exitsnoop"), ("bpftrace", "bpftrace_exit"))
             if name in samples]
    beside = [f"with a policy {describe(samples, 'faultd_policy')}"] if "faultd_policy" in samples else []
    beside += [f"{label} {describe(samples, name)}" for label, name in peers]
    beside.append(f"nothing against itself {median(noise) / 1e3:+.2f} us (+-{spread(noise) / 1e3:.2f})")
    under = all(own <= median(added(samples, name)) for label, name in peers if name == "exitsnoop")
    return (
        f"fork + exec + exit, added to {median(baselines(samples, 'spawn')) / 1e3:.0f} us",
        describe(samples, "faultd"),
        "; ".join(beside),
        ", ".join(f"{median(added(samples, name)) / own:.1f}x" for _, name in peers) if own > 0 else "-",
        "<= 3 us added, under exitsnoop's",
        told(own <= 3000 and under, abs(median(noise)) + spread(noise), 3000),
    )
