# SPDX-License-Identifier: GPL-2.0-or-later
"""A storm of crashes: is every one told or counted as lost, at what rate, in how much memory?"""
import json
import os
import re
import subprocess
import threading
import time

from common import faultd, mib, path, read_rest, start, verdict

LINE = re.compile(rb'"dataset":"faultd\.(\w+)"')


class Reader(threading.Thread):
    """Counts what the daemon says, as fast as it says it."""

    def __init__(self, fd):
        super().__init__(daemon=True)
        self.fd, self.counts, self.losses = fd, {}, []

    def run(self):
        rest = b""
        while True:
            piece = os.read(self.fd, 1 << 20)
            if not piece:
                return
            end = piece.rfind(b"\n") + 1
            lines, rest = (rest + piece[:end], piece[end:]) if end else (b"", rest + piece)
            for line in lines.splitlines():
                self.take(line)

    def take(self, line):
        dataset = LINE.search(line).group(1).decode()
        # Others may crash, too, while this lasts.
        if dataset == "fault" and path("faultgen").encode() not in line:
            dataset = "of others"
        self.counts[dataset] = self.counts.get(dataset, 0) + 1
        if dataset == "self":
            self.losses.append(json.loads(line)["faultd"]["self"])


def largest_rss(watcher, stop, into):
    while not stop.is_set():
        into[0] = max(into[0], watcher.status("VmRSS"))
        stop.wait(0.05)


def measure(quick):
    rate, seconds = 2000, 2 if quick else 10
    count = rate * seconds
    with faultd("--faults", "crash,self") as watcher:
        reader = Reader(watcher.process.stdout.fileno())
        reader.start()
        armed, peak, stop = watcher.status("VmRSS"), [0], threading.Event()
        sampler = threading.Thread(target=largest_rss, args=(watcher, stop, peak), daemon=True)
        sampler.start()
        before, begun = watcher.cpu_ns(), time.monotonic()
        storm = start([path("faultgen"), "storm", str(count), str(rate)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        made = int(storm.communicate()[0])
        took = time.monotonic() - begun
        time.sleep(1.5)
        busy = watcher.cpu_ns() - before
        stop.set()
        sampler.join()
        watcher.process.terminate()
        watcher.process.wait()
        reader.join(10)
        complaint = read_rest(watcher.process.stderr)
    told = reader.counts.get("fault", 0)
    crashes = sum(loss.get("lost", 0) for loss in reader.losses if loss.get("program") in CRASH_PROGRAMS)
    other = sum(loss.get("lost", 0) for loss in reader.losses if loss.get("program") not in CRASH_PROGRAMS)
    result = {"made": made, "seconds": took, "told": told, "lost": crashes, "lost_otherwise": other,
              "losses": reader.losses, "lines": reader.counts, "rss_armed": armed, "rss_peak": peak[0],
              "cpu_ns": busy, "stderr": complaint}
    return [row(result, rate)], result


CRASH_PROGRAMS = ("signal_deliver",)


def row(result, rate):
    reached = result["made"] / result["seconds"]
    whole = result["told"] + result["lost"] == result["made"] and result["lost_otherwise"] == 0
    return (
        f"storm: {result['made']:,} crashes at {reached:,.0f}/s (of {rate:,}/s asked for)",
        f"{result['told']:,} told + {result['lost']:,} counted as lost; {result['lost_otherwise']:,} other records "
        f"(stacks, mappings) counted as lost; RSS {mib(result['rss_peak'])} MiB at most ({mib(result['rss_armed'])} before)",
        "-",
        f"{100 * result['told'] / result['made']:.1f} % told, "
        f"{100 * result['cpu_ns'] / 1e9 / result['seconds']:.0f} % of a CPU",
        "every crash told or counted, nothing else lost, memory bounded",
        verdict(whole),
    )
