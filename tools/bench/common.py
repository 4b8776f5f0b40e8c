# SPDX-License-Identifier: GPL-2.0-or-later
"""What every measure of the bench needs: the peers, how each is started until it watches, and medians."""
import fcntl
import json
import os
import selectors
import shutil
import signal
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")
HELPERS = ("cost", "latency", "locks", "nothing", "procstat", "service", "threads")
F_SETPIPE_SZ = 1031

_directory = None
_running = []
_absent = {}


def helper(name):
    return os.path.join(BUILD, "bench", name)


def built():
    return [helper(name) for name in HELPERS] + [os.path.join(BUILD, name) for name in ("faultd", "faultgen")]


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def prepare(directory):
    global _directory
    _directory = directory
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    # What is measured stays the same although somebody may build meanwhile.
    for program in ("faultd", "faultgen"):
        shutil.copy(os.path.join(BUILD, program), path(program))
    write("none.conf", "")
    write("policy.conf", 'policy "elsewhere" { match = { "exe:/nonexistent/service" } actions = { "respawn" } }\n')


def path(name):
    return os.path.join(_directory, name)


def write(name, text, mode=0o644):
    with open(path(name), "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path(name), mode)
    return path(name)


# ---- who watches


class Watcher:
    """A program that watches processes: its command, and the sign that it has begun to; None: it gives none."""

    def __init__(self, name, command, ready, stream, prefix):
        self.name, self.command, self.ready, self.stream, self.prefix = name, command, ready, stream, prefix
        self.process = None
        self.ready_after = None

    def __enter__(self):
        begun = time.monotonic()
        silent = self.ready is None
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL if silent else subprocess.PIPE,
                                        stderr=subprocess.PIPE, cwd=_directory)
        _running.append(self.process)
        if not silent:
            fcntl.fcntl(self.process.stdout, F_SETPIPE_SZ, 1 << 20)
        if not self.is_ready():
            reason = read_rest(self.process.stderr) or "it did not say that it was ready"
            self.__exit__()
            raise RuntimeError(reason)
        self.ready_after = time.monotonic() - begun
        return self

    def is_ready(self):
        if self.ready is not None:
            return wait_for(getattr(self.process, self.stream), self.ready, 20)
        # It says nothing: then it watches once no program has been attached for a while.
        links, since, deadline = 0, time.monotonic(), time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            now = len(self.links())
            if now != links:
                links, since = now, time.monotonic()
            if links and time.monotonic() - since > 0.1:
                return True
            time.sleep(0.02)
        return False

    def __exit__(self, *_):
        # Who is silent would tell all that it saw at a milder signal, and take its time.
        end(self.process, signal.SIGKILL if self.ready is None else signal.SIGINT)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def cpu_ns(self):
        return sum(
            int(read_file(f"/proc/{self.process.pid}/task/{tid}/schedstat").split()[0])
            for tid in os.listdir(f"/proc/{self.process.pid}/task")
        )

    def status(self, key):
        for line in read_file(f"/proc/{self.process.pid}/status").splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
        return 0

    def descriptors(self):
        """What the kernel tells about each of its descriptors, by key."""
        for fd in os.listdir(f"/proc/{self.process.pid}/fdinfo"):
            fields = {}
            for line in read_file(f"/proc/{self.process.pid}/fdinfo/{fd}").splitlines():
                key, _, value = line.partition(":")
                fields[key] = value.strip()
            yield fields

    def links(self):
        """The programs that are attached: their ids, one for each link."""
        return [fields["prog_id"] for fields in self.descriptors() if "link_id" in fields]

    def bpf(self):
        """Its BPF programs and maps, by what the kernel tells about its descriptors: (run ns, runs, bytes)."""
        ns = runs = size = 0
        seen = set()
        for fields in self.descriptors():
            identity = ("prog", fields.get("prog_id")) if "run_cnt" in fields else ("map", fields.get("map_id"))
            if identity[1] is None or identity in seen:
                continue
            seen.add(identity)
            ns += int(fields.get("run_time_ns", 0))
            runs += int(fields.get("run_cnt", 0))
            size += int(fields.get("memlock", 0))
        return ns, runs, size


def faultd(*arguments, config="none.conf", name="faultd"):
    return Watcher(name, [path("faultd"), "--config", path(config), "--output", "json", *arguments],
                   b"faultd: armed", "stderr", '"pid":')


def faultd_policy():
    return faultd(config="policy.conf", name="faultd with a policy")


def exitsnoop():
    """bcc's tool as libbpf-tools has it: compiled before, for any kernel with BTF."""
    # Into a pipe it would keep its lines for itself until some thousand bytes have come together.
    return Watcher("exitsnoop", ["stdbuf", "-oL", installed("exitsnoop")], b"EXIT_CODE\n", "stdout", " ")


def exitsnoop_bpfcc():
    """The same in Python, compiled when it starts: for that it needs the kernel's headers."""
    return Watcher("exitsnoop-bpfcc", ["env", "PYTHONUNBUFFERED=1", installed("exitsnoop-bpfcc")],
                   b"EXIT_CODE\n", "stdout", " ")


def bpftrace_exit():
    return Watcher("bpftrace", bpftrace_command("tracepoint:sched:sched_process_exit { printf(\"pid=%d %s\\n\", "
                                                "args->pid, args->comm); }"), b"armed\n", "stdout", "pid=")


def bpftrace_signal():
    return Watcher("bpftrace, signals", bpftrace_command("tracepoint:signal:signal_generate /args->sig == 9 || "
                   "args->sig == 11/ { printf(\"pid=%d %s %d\\n\", args->pid, args->comm, args->sig); }"),
                   b"armed\n", "stdout", "pid=")


def offcputime():
    """Sums up, at the end, how long threads were off their CPUs: a hook in every context switch."""
    return Watcher("offcputime", [installed("offcputime"), "3600"], None, "stdout", "")


def runqslower():
    """Tells who waited for a CPU for longer than a second: hooks in every wake-up and context switch."""
    return Watcher("runqslower", [installed("runqslower"), "1000000"], None, "stdout", "")


def syscount():
    """Counts system calls: a hook in every one of them."""
    return Watcher("syscount", [installed("syscount"), "-d", "3600"], None, "stdout", "")


def deadlock_bpfcc(pid, *arguments):
    """bcc's: hooks in pthread_mutex_lock() and pthread_mutex_unlock() of one process, compiled when it starts."""
    return Watcher("deadlock-bpfcc", ["env", "PYTHONUNBUFFERED=1", installed("deadlock-bpfcc"), *arguments, str(pid)],
                   b"Tracing", "stdout", "")


def bpftrace_command(program):
    return ["bpftrace", "-B", "line", "-e", 'BEGIN { printf("armed\\n"); } ' + program]


def installed(program):
    found = shutil.which(program)
    if not found:
        raise FileNotFoundError(2, "not installed", program)
    return found


def watchers(*makers):
    """Those that can run here; why the others cannot is remembered for the end."""
    able = []
    for maker in makers:
        try:
            with maker():
                able.append(maker)
        except FileNotFoundError as error:
            _absent[maker.__name__] = f"{error.filename} is not installed"
        except RuntimeError as error:
            _absent[maker.__name__] = f"not runnable here: {error}"
    return able


def note_absent(name, reason):
    _absent[name] = reason


def absent():
    return dict(_absent)


# ---- processes


def start(command, **options):
    process = subprocess.Popen(command, **options)
    _running.append(process)
    return process


def end(process, number=signal.SIGINT):
    """Ends a process that we started; when it does not go at once, for good."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process in _running:
        _running.remove(process)


def end_all():
    for process in list(_running):
        end(process, signal.SIGTERM)


def wait_for(stream, text, seconds):
    """Reads until the text has come; what comes with it is dropped."""
    deadline, data = time.monotonic() + seconds, b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while text not in data:
            if not selector.select(max(0, deadline - time.monotonic())):
                return False
            piece = os.read(stream.fileno(), 65536)
            if not piece:
                return False
            data += piece
    return True


def read_rest(stream):
    os.set_blocking(stream.fileno(), False)
    try:
        return (stream.read() or b"").decode(errors="replace").strip().replace("\n", "; ")[:200]
    except OSError:
        return ""


def bpftool(*arguments):
    """What it answers, or None."""
    try:
        said = subprocess.run(["bpftool", "-j", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=20, check=False).stdout
        return json.loads(said)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def read_file(name):
    try:
        with open(name, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


# ---- numbers


def median(values):
    return statistics.median(values) if values else float("nan")


def percentile(values, percent):
    """The smallest value that this many percent are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else float("nan")


def spread(values):
    """How far the median may be off: its standard error, from the distance between the quartiles."""
    if len(values) < 2:
        return float("nan")
    low, _, high = statistics.quantiles(values, n=4)
    return 1.2533 * (high - low) / 1.349 / len(values) ** 0.5


def ratio(peer, own):
    return f"{peer / own:.1f}x" if own > 0 else "-"


def verdict(reached):
    return "yes" if reached else "**no**"


def us(ns):
    return f"{ns / 1e3:.0f}"


def mib(size):
    return f"{size / (1 << 20):.1f}"
