# SPDX-License-Identifier: GPL-2.0-or-later
"""From SIGKILL to the replacement, by faultd and by systemd: in one virtual machine, since few hosts may lend theirs."""
import os
import platform
import shutil
import subprocess

from common import ROOT, end, helper, median, note_absent, path, percentile, ratio, spread, start, verdict
from respawn import ms

KERNEL = "6.12"
TIMEOUT = 480
TITLE = "SIGKILL sent -> replacement runs, in a VM"
# What it says once it has all that a guest needs, whatever becomes of the guest.
BOOTED = "run-vm: initramfs"


def payload():
    directory = path("payload")
    os.makedirs(directory)
    script = os.path.join(ROOT, "tools", "bench", "guest-respawn.sh")
    for program in (path("faultd"), helper("service"), script):
        shutil.copy(program, directory)
    return directory, os.path.basename(script)


def measure(quick):
    if quick:
        note_absent("systemd", "left out by --quick")
        return [], {}
    if platform.machine() != "x86_64":
        note_absent("systemd", "the guests are x86_64")
        return [], {}
    run_vm = os.path.join(ROOT, "tests", "vm", "run-vm")
    guest = start([run_vm, KERNEL, *payload(), str(TIMEOUT)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                  stderr=subprocess.PIPE, text=True, errors="replace")
    said, complaint = guest.communicate()
    end(guest)
    if BOOTED not in complaint:
        note_absent("systemd", (complaint.strip().splitlines() or ["no virtual machine"])[-1])
        return [], {}
    samples, never, version, why = take(said)
    if guest.returncode and not why:
        why = next((line for line in complaint.splitlines() if ";" in line), f"status {guest.returncode}")
    raw = {"ns": samples, "never": never, "guest": version, "failed": why}
    if why:
        # Not for want of a virtual machine: then it is no measure left out.
        return [(TITLE, "-", "-", "-", "ahead of systemd", f"{verdict(False)}: {why}")], raw
    return rows(samples, never), raw


def take(said):
    """What the guest measured: nanoseconds and absences by kind, what it is, and why it failed if it did."""
    samples = {"respawn": [], "systemd": [], "unit": []}
    never = dict.fromkeys(samples, 0)
    version = why = ""
    for line in said.splitlines():
        key, _, rest = line.strip().partition(" ")
        if key == "sample":
            kind, ns = rest.split()
            samples[kind].append(int(ns))
        elif key == "never":
            never[rest.split()[0]] += 1
        elif key == "version":
            version = rest
        elif key == "failed":
            why = rest
    return samples, never, version, why


def rows(samples, never):
    peer = median(samples["systemd"])
    beside = f"systemd, RestartSec=0: {ms(peer)} ms (+-{ms(spread(samples['systemd']))}, " \
             f"p90 {ms(percentile(samples['systemd'], 90))})" + missed(never["systemd"])
    return [
        row(TITLE, samples["respawn"], never["respawn"], beside, peer,
            "ahead of systemd"),
        row("the same, faultd's restart-unit", samples["unit"], never["unit"], beside, peer, "-"),
    ]


def row(title, values, never, beside, peer, target):
    own = median(values)
    reached = "-" if target == "-" else verdict(own < peer and not never)
    return (
        f"{title}, median of {len(values)}",
        f"{ms(own)} ms (+-{ms(spread(values))}, p90 {ms(percentile(values, 90))})" + missed(never),
        beside,
        ratio(peer, own),
        target,
        reached,
    )


def missed(count):
    return f"; {count} never came back" if count else ""
