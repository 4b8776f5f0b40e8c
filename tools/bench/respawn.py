# SPDX-License-Identifier: GPL-2.0-or-later
"""From SIGKILL to the first act of the replacement, by faultd and by the supervisors."""
import os
import shutil
import signal
import subprocess
import time

from common import (end, helper, median, note_absent, path, percentile, ratio, spread, start, verdict,
                    wait_for, write)

SERVICES = 5
# runit and s6 start no service more often than once a second: none is killed before it has lived longer than that.
# (s6-supervise pauses for a second after every death all the same.)
LIFE = 1.15
TIMEOUT = 10


class Service:
    def __init__(self, name):
        self.directory = path(name)
        os.makedirs(self.directory)
        self.latencies, self.pid, self.started, self.killed = [], 0, 0, None
        self.seen = 0

    def look(self):
        """Takes up a new start, if there is one."""
        try:
            with open(os.path.join(self.directory, "starts"), encoding="ascii") as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            return
        if len(lines) == self.seen or len(lines[-1].split()) != 2:
            return
        self.seen = len(lines)
        self.pid, self.started = map(int, lines[-1].split())
        if self.killed is not None:
            self.latencies.append(self.started - self.killed)
            self.killed = None

    def ripe(self, now):
        return self.pid and self.killed is None and now - self.started > LIFE * 1e9

    def kill(self):
        self.killed = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        os.kill(self.pid, signal.SIGKILL)


class Supervisor:
    """Starts the services of a round and ends them all; each service is the same program in its own directory."""

    program = None

    def __init__(self, services):
        self.services, self.processes = services, []

    def __enter__(self):
        self.begin()
        return self

    def __exit__(self, *_):
        for process in self.processes:
            end(process, signal.SIGTERM)
        for service in self.services:
            service.look()
            try:
                os.kill(service.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def run(self, command, **options):
        self.processes.append(start(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, **options))


class Faultd(Supervisor):
    program, label = "sh", "faultd"

    def begin(self):
        config = write("respawn.conf", f'''policy "bench" {{
            match = {{ "exe:{path('service')}" }}
            faults = {{ "crash", "kill.sigkill" }}
            actions = {{ "respawn" }}
            backoff {{ initial = "1ms" factor = 1.0 max = "1ms" jitter = 0.0 }}
            limit {{ actions = 100 within = "1min" }}
            healthy {{ after = "500ms" }}
        }}\n''')
        faultd = start([path("faultd"), "--config", config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)
        self.processes.append(faultd)
        if not wait_for(faultd.stderr, b"faultd: armed", 20):
            raise RuntimeError("faultd did not start")
        for service in self.services:
            # By a shell that goes away: nobody else is its parent or reaps it.
            subprocess.run(["sh", "-c", f"{path('service')} </dev/null >/dev/null 2>&1 &"], cwd=service.directory,
                           check=True)


class Runit(Supervisor):
    program, label = "runsv", "runit"

    def begin(self):
        for service in self.services:
            os.symlink(path("service"), os.path.join(service.directory, "run"))
            self.run(["runsv", service.directory])


class S6(Supervisor):
    program, label = "s6-supervise", "s6"

    def begin(self):
        for service in self.services:
            os.symlink(path("service"), os.path.join(service.directory, "run"))
            self.run(["s6-supervise", service.directory])


class Supervisord(Supervisor):
    program, label = "supervisord", "supervisord"

    def begin(self):
        parts = [f"[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile={path('pid')}\n"
                 f"user=root\n"]
        for i, service in enumerate(self.services):
            parts.append(f"[program:s{i}]\ncommand={path('service')}\ndirectory={service.directory}\n"
                         f"autorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n")
        self.run(["supervisord", "-n", "-c", write("supervisord.conf", "\n".join(parts))])


def one_round(kind, number, kills):
    services = [Service(f"{kind.label}-{number}-{i}") for i in range(SERVICES)]
    with kind(services) as _:
        left, last, deadline = kills, 0.0, time.monotonic() + TIMEOUT + kills
        while time.monotonic() < deadline:
            for service in services:
                service.look()
            if not left and all(service.killed is None for service in services):
                break
            now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            ripe = [service for service in services if service.ripe(now)]
            if left and ripe and now - last > 50e6:
                min(ripe, key=lambda service: service.started).kill()
                last, left = now, left - 1
            time.sleep(0.002)
    never = sum(service.killed is not None for service in services) + left
    return [latency for service in services for latency in service.latencies], never


def measure(quick):
    rounds, kills = (1, 6) if quick else (3, 10)
    shutil.copy(helper("service"), path("service"))
    kinds, samples, never = [], {}, {}
    for kind in (Faultd, Runit, S6, Supervisord):
        if shutil.which(kind.program):
            kinds.append(kind)
            samples[kind.label], never[kind.label] = [], 0
        else:
            note_absent(kind.label, f"{kind.program} is not installed")
    for number in range(rounds):
        for kind in kinds:
            got, missing = one_round(kind, number, kills)
            samples[kind.label] += got
            never[kind.label] += missing
    return [row(samples, never)], {"ns": samples, "never": never}


def ms(ns):
    return f"{ns / 1e6:.2f}"


def row(samples, never):
    own = median(samples["faultd"])
    peers = {name: values for name, values in samples.items() if name != "faultd"}
    reached = bool(samples.get("runit")) and own <= median(samples["runit"]) / 2 and not never["faultd"]
    missed = "".join(f"; {name}: {count} never came back" for name, count in never.items() if count)
    return (
        f"SIGKILL sent -> replacement runs, median of {len(samples['faultd'])}",
        f"{ms(own)} ms (+-{ms(spread(samples['faultd']))}, p90 {ms(percentile(samples['faultd'], 90))})",
        ("; ".join(f"{name} {ms(median(values))} ms" for name, values in peers.items()) or "-") + missed,
        ", ".join(ratio(median(values), own) for values in peers.values()) or "-",
        "at most half of runit's",
        verdict(reached),
    )
