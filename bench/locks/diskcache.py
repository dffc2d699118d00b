"""A worker as serve in worker.go is, for the lock recipe of DiskCache."""

import os
import queue
import sys
import threading
import time

import diskcache


def monotonic():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def read(commands):
    for line in sys.stdin:
        commands.put(line.split())
    commands.put(None)
    time.sleep(5)  # for one that hangs although its parent is gone
    os._exit(1)


def time_pairs(lock, n, seconds):
    samples = []
    end = time.monotonic() + seconds
    while len(samples) < n and time.monotonic() < end:
        start = time.perf_counter_ns()
        lock.acquire()
        lock.release()
        samples.append(time.perf_counter_ns() - start)
    print("samples", *samples, flush=True)


def take_turns(lock, n, seconds):
    said = []
    end = time.monotonic() + seconds
    while len(said) < 3 * n and time.monotonic() < end:
        asked = monotonic()
        lock.acquire()
        had = monotonic()
        while monotonic() < had + 300_000:  # as turn in turns.go
            pass
        released = monotonic()
        lock.release()
        said += asked, had, released
    print("turns", *said, flush=True)


def serve(cache):
    commands = queue.SimpleQueue()
    threading.Thread(target=read, args=(commands,), daemon=True).start()
    locks = {}
    while (words := commands.get()) is not None:
        verb, name = words[:2]
        if name not in locks:
            locks[name] = diskcache.Lock(cache, name)
        lock = locks[name]
        if verb == "time":
            time_pairs(lock, int(words[2]), float(words[3]))
        elif verb == "turns":
            take_turns(lock, int(words[2]), float(words[3]))
        elif verb == "acquire":
            print("waiting", flush=True)
            lock.acquire()
            print("held", monotonic(), flush=True)
        elif verb == "release":
            now = monotonic()
            lock.release()
            print("released", now, flush=True)
        elif verb == "pass":
            print("waiting", flush=True)
            lock.acquire()
            lock.release()
            print("passed", flush=True)


with diskcache.Cache(sys.argv[1], eviction_policy="none", cull_limit=0) as cache:
    serve(cache)
