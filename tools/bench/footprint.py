# SPDX-License-Identifier: GPL-2.0-or-later
"""What it takes to be there: memory, time to start, and what doing nothing costs."""
import contextlib
import shutil
import time

from common import (Watcher, bpftrace_exit, exitsnoop, faultd, median, mib, note_absent, ratio, read_file, verdict,
                    watchers)

STATS = "/proc/sys/kernel/bpf_stats_enabled"


def earlyoom():
    return Watcher("earlyoom", ["earlyoom", "--dryrun"], b"mem avail", "stdout", "")


LABELS = {"exitsnoop": "exitsnoop", "bpftrace_exit": "bpftrace", "earlyoom": "earlyoom"}


def peers_here():
    able = watchers(exitsnoop, bpftrace_exit)
    if shutil.which("earlyoom"):
        able.append(earlyoom)
    else:
        note_absent("earlyoom", "not installed")
    return able


def measure_start(quick):
    rounds = 3 if quick else 20
    able = [faultd] + peers_here()
    samples = {maker.__name__: {"ready_s": [], "rss": [], "bpf_bytes": []} for maker in able}
    for i in range(rounds):
        for maker in able:
            with maker() as watcher:
                sample = samples[maker.__name__]
                sample["ready_s"].append(watcher.ready_after)
                # It does not change any more; a look at a few is enough.
                if i < 3:
                    time.sleep(0.3)
                    sample["rss"].append(watcher.status("VmRSS"))
                    sample["bpf_bytes"].append(watcher.bpf()[2])
    return [memory_row(samples), start_row(samples, rounds)], samples


def memory_row(samples):
    own = median(samples["faultd"]["rss"])
    peers = {LABELS[name]: sample for name, sample in samples.items() if name in LABELS}

    def both(sample):
        return f"{mib(median(sample['rss']))} + {mib(median(sample['bpf_bytes']))} MiB"

    return (
        "memory when armed: resident + BPF maps and programs",
        both(samples["faultd"]),
        "; ".join(f"{name} {both(sample)}" for name, sample in peers.items()) or "-",
        ", ".join(ratio(median(sample["rss"]), own) for sample in peers.values()) or "-",
        "<= 12 MiB resident",
        verdict(own <= 12 << 20),
    )


def start_row(samples, rounds):
    own = median(samples["faultd"]["ready_s"])
    peers = {LABELS[name]: median(sample["ready_s"]) for name, sample in samples.items() if name in LABELS}
    return (
        f"start -> armed, median of {rounds}",
        f"{own * 1e3:.0f} ms",
        "; ".join(f"{name} {value * 1e3:.0f} ms" for name, value in peers.items()) or "-",
        ", ".join(ratio(value, own) for value in peers.values()) or "-",
        "<= 300 ms",
        verdict(own <= 0.3),
    )


@contextlib.contextmanager
def bpf_statistics():
    """The kernel takes the time of every BPF program's runs, as long as this lasts."""
    before = read_file(STATS).strip()
    try:
        with open(STATS, "w", encoding="ascii") as file:
            file.write("1")
        yield True
    except OSError:
        yield False
    finally:
        if before:
            with contextlib.suppress(OSError), open(STATS, "w", encoding="ascii") as file:
                file.write(before)


def measure_idle(quick):
    seconds = 5 if quick else 30
    able = [faultd] + peers_here()
    result = {}
    with contextlib.ExitStack() as stack:
        timed = stack.enter_context(bpf_statistics())
        running = {maker.__name__: stack.enter_context(maker()) for maker in able}
        time.sleep(1)
        before = {name: (w.cpu_ns(), w.bpf()[0], w.bpf()[1]) for name, w in running.items()}
        begun, forks = time.monotonic(), processes_started()
        time.sleep(seconds)
        took, forks = time.monotonic() - begun, processes_started() - forks
        for name, watcher in running.items():
            bpf = watcher.bpf()
            result[name] = {"cpu_ns": watcher.cpu_ns() - before[name][0], "bpf_ns": bpf[0] - before[name][1],
                            "bpf_runs": bpf[1] - before[name][2], "seconds": took}
    return [idle_row(result, seconds, forks, timed)], {"bpf_timed": timed, "started_meanwhile": forks, "ns": result}


def processes_started():
    """Since boot: whoever starts some meanwhile makes that the host was not idle."""
    for line in read_file("/proc/stat").splitlines():
        if line.startswith("processes "):
            return int(line.split()[1])
    return 0


def percent(sample):
    return 100 * (sample["cpu_ns"] + sample["bpf_ns"]) / 1e9 / sample["seconds"]


def idle_row(result, seconds, forks, timed):
    own = percent(result["faultd"])
    peers = {LABELS[name]: percent(sample) for name, sample in result.items() if name in LABELS}
    return (
        f"idle for {seconds} s, all at once ({forks} processes came and went)" +
        ("" if timed else ", without BPF run time"),
        f"{own:.3f} % of a CPU",
        "; ".join(f"{name} {value:.3f} %" for name, value in peers.items()) or "-",
        ", ".join(ratio(value, own) for value in peers.values()) or "-",
        "<= 0.1 % of a CPU",
        verdict(own <= 0.1),
    )
