# SPDX-License-Identifier: GPL-2.0-or-later
"""What precise probes that are armed on a suspect cost everybody else."""
import os
import subprocess
import time

from common import bpftool, end, faultd, median, path, spread, start, verdict, write
from cost import Meter

# From a quarter of it on the suspect is traced.
THRESHOLD, POLLS, COMPUTES = 8, 3, 10
PROBES = ("probe_sys_enter", "probe_sys_exit")
WHATS = ("busy", "syscall", "switch")


def attached(watcher):
    """Which of its probes are, by the kernel's own word."""
    names = {(bpftool("prog", "show", "id", identity) or {}).get("name", "") for identity in set(watcher.links())}
    # The kernel keeps 15 characters of a name, and a kernel may get another variant of a program.
    return {probe for probe in PROBES if any(name.startswith(probe[:15]) for name in names)}


def suspect(meter):
    """An event loop that does not come back; it computes where the meter does not measure."""
    elsewhere = os.cpu_count() - 1 if meter.cpu() != os.cpu_count() - 1 else 0
    return start([path("faultgen"), "loop-busy", str(COMPUTES)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, {elsewhere}))


def read(meter, counts, into):
    for what in WHATS:
        into[what].append(meter.ask(what, counts[what]))


def one_round(meter, counts, samples):
    """True if the probes were armed from the first to the last measurement that says so, and only then."""
    with faultd("--dry-run", config="armed.conf") as watcher:
        process = suspect(meter)
        time.sleep(0.5)
        unarmed = not attached(watcher)
        read(meter, counts, samples["watching"])
        unarmed = unarmed and not attached(watcher)
        deadline = time.monotonic() + POLLS + THRESHOLD / 2
        while not (armed := attached(watcher)) and time.monotonic() < deadline:
            time.sleep(0.1)
        read(meter, counts, samples["armed"])
        read(meter, counts, samples["armed again"])
        armed &= attached(watcher)
    # Programs leave the kernel some time after their owner has gone.
    time.sleep(0.1)
    read(meter, counts, samples["nothing"])
    read(meter, counts, samples["again"])
    computing = process.poll() is None
    end(process)
    return unarmed, computing, sorted(armed)


def measure(quick):
    rounds = 1 if quick else 3
    counts = {"busy": 250, "syscall": 100, "switch": 100}
    write("armed.conf", f'stall {{ eventloop = "{THRESHOLD}s" }}\n')
    samples = {name: {what: [] for what in WHATS} for name in ("watching", "armed", "armed again", "nothing", "again")}
    meter, states = Meter(), []
    try:
        for what in WHATS:
            meter.ask(what, counts[what])
        for _ in range(rounds):
            states.append(one_round(meter, counts, samples))
    finally:
        meter.close()
    good = all(unarmed and computing and armed for unarmed, computing, armed in states)
    return [busy_row(samples, states, good)] + [call_row(samples, what) for what in WHATS[1:]], \
        {"ns": samples, "states": states}


def relative(samples, names, what):
    """Percent above what the same round measured with nothing loaded; the suspect was computing all the same."""
    bases = [(a + b) / 2 for a, b in zip(samples["nothing"][what], samples["again"][what])]
    return [100 * (value / base - 1) for name in names for value, base in zip(samples[name][what], bases)]


def describe(samples, what):
    noise = [100 * (b / a - 1) for a, b in zip(samples["nothing"][what], samples["again"][what])]
    watching = median(relative(samples, ["watching"], what))
    return (f"faultd loaded and not armed {watching:+.2f} %; "
            f"nothing against itself {median(noise):+.2f} % (+-{spread(noise):.2f})")


def busy_row(samples, states, good):
    own = relative(samples, ["armed", "armed again"], "busy")
    base = median(samples["nothing"]["busy"])
    probes = ", ".join(sorted({probe for state in states for probe in state[2]})) or "nothing"
    return (
        f"a program with {1e6 / base:.0f},000 system calls a second, while {probes} are attached for another thread",
        f"{median(own):+.2f} % (+-{spread(own):.2f})",
        describe(samples, "busy"),
        f"{median(own) / 100 + 1:.3f} of nothing loaded",
        "<= 3 % slower",
        verdict(median(own) <= 3) if good else "the probes were not armed throughout",
    )


def call_row(samples, what):
    own = relative(samples, ["armed", "armed again"], what)
    base = median(samples["nothing"][what])
    title = {"syscall": "system call (getppid)", "switch": "context switch (pipe, one CPU)"}[what]
    return (
        f"{title} meanwhile, {base:.0f} ns with nothing loaded",
        f"{base * median(own) / 100:+.0f} ns, {median(own):+.1f} % (+-{spread(own):.1f})",
        describe(samples, what),
        f"{median(own) / 100 + 1:.3f} of nothing loaded",
        "-",
        "-",
    )
