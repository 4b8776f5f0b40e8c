# SPDX-License-Identifier: GPL-2.0-or-later
"""From right before the fatal signal to the line about it being readable on the watcher's stdout."""
import subprocess

from common import (bpftrace_exit, bpftrace_signal, exitsnoop, exitsnoop_bpfcc, faultd, helper, median, percentile, ratio, us,
                    verdict, watchers)

EVENTS = {"kill": "SIGKILL sent", "segv": "invalid access made"}


def once(maker, event, count):
    with maker() as watcher:
        run = subprocess.run([helper("latency"), event, str(count), watcher.prefix], stdin=watcher.process.stdout,
                             stdout=subprocess.PIPE, check=True)
    return run.stdout.decode().split()


def measure(quick):
    rounds, count = (1, 30) if quick else (5, 40)
    able = watchers(faultd, exitsnoop, exitsnoop_bpfcc, bpftrace_exit, bpftrace_signal)
    samples = {maker.__name__: {event: [] for event in EVENTS} for maker in able}
    lost = {maker.__name__: {event: 0 for event in EVENTS} for maker in able}
    for _ in range(rounds):
        for event in EVENTS:
            for maker in able:
                answers = once(maker, event, count)
                samples[maker.__name__][event] += [int(a) for a in answers if a != "lost"]
                lost[maker.__name__][event] += answers.count("lost")
    rows = [row(event, samples, lost) for event in EVENTS]
    return rows, {"ns": samples, "lost": lost}


LABELS = {"exitsnoop": "exitsnoop", "exitsnoop_bpfcc": "exitsnoop-bpfcc", "bpftrace_exit": "bpftrace (exits)", "bpftrace_signal": "bpftrace (sends)"}


def row(event, samples, lost):
    own = samples["faultd"][event]
    p50, p99 = median(own), percentile(own, 99)
    peers = {LABELS[name]: samples[name][event] for name in samples if name in LABELS}
    # That a signal was sent is known before anybody has died of it: told here, but another thing to tell.
    alike = {name: values for name, values in peers.items() if name != LABELS["bpftrace_signal"]}
    ahead = all(p50 <= median(values) for values in alike.values()) and not lost["faultd"][event]
    return (
        f"{EVENTS[event]} -> line readable, p50 / p99",
        f"{us(p50)} / {us(p99)} us",
        "; ".join(f"{name} {us(median(v))} / {us(percentile(v, 99))} us" for name, v in peers.items()) or "-",
        ", ".join(ratio(median(v), p50) for v in peers.values()) or "-",
        "<= 300 us / 2 ms, ahead of exitsnoop and bpftrace",
        verdict(ahead and p50 <= 300e3 and p99 <= 2e6),
    )
