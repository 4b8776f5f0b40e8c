# SPDX-License-Identifier: GPL-2.0-or-later
"""Python programs that wait for each other's lock, or for work, or compute: locks.py MODE."""
import http.server
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def cross(first, second, both):
    with first:
        both.wait()
        with second:
            pass


def deadlock(kind, lock, barrier):
    a, b, both = lock(), lock(), barrier(2)
    pair = [kind(target=cross, args=(a, b, both)), kind(target=cross, args=(b, a, both))]
    for one in pair:
        one.start()
    for one in pair:
        one.join()


def pool():
    with ThreadPoolExecutor(4) as executor:
        list(executor.map(abs, range(100)))
        time.sleep(1000)


def compute(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(10000))


def accepting():
    """Computes while another thread waits in accept(2)."""
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=server.accept, daemon=True).start()
    time.sleep(4)
    compute(2.5)


def polling():
    """Polls for the output of commands, then computes, while another thread serves."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for _ in range(8):
        subprocess.run("echo one; sleep 0.5; echo two", shell=True, capture_output=True, check=True)
    compute(2.5)


def offloading():
    """Serves, while a child that has inherited the socket computes."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))
    executor.submit(compute, 0).result()
    time.sleep(1)
    executor.submit(compute, 3)
    server.serve_forever()


def preforking():
    """Two children that accept a connection each; one of them has work to do."""
    server = socket.create_server(("127.0.0.1", 0))
    for _ in range(2):
        if os.fork() == 0:
            server.accept()
            compute(3)
            return
    with socket.create_connection(server.getsockname()):
        time.sleep(100)


mode = sys.argv[1]
if mode == "threads":
    deadlock(threading.Thread, threading.Lock, threading.Barrier)
elif mode == "processes":
    fork = multiprocessing.get_context("fork")
    deadlock(fork.Process, fork.Lock, fork.Barrier)
elif mode == "event":
    threading.Event().wait()
elif mode in ("pool", "accepting", "polling", "offloading", "preforking"):
    globals()[mode]()
else:
    sys.exit(2)
