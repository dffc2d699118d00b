"""A worker as serve in worker.go is, for what DiskCache keeps."""

import itertools
import os
import queue
import random
import sys
import threading
import time

import diskcache

SIZE = 100
numbers = itertools.count()
SYNCHRONOUS = {"relaxed": 1, "durable": 2}


def name(number):
    return "key-%012d" % number


def payload():
    """A value that none was before, as in keeper.go."""
    return bytes(SIZE - 8) + next(numbers).to_bytes(8, "big")


def check(value):
    if value is None or len(value) != SIZE:
        raise ValueError("no payload")


class Cache:
    def __init__(self, place, mode, **settings):
        self.cache = diskcache.Cache(place, sqlite_synchronous=SYNCHRONOUS[mode], **settings)

    def fill(self, keys):
        with self.cache.transact():
            for key in keys:
                self.put(key)

    def get(self, key):
        check(self.cache.get(key, retry=True))

    def put(self, key):
        self.cache.set(key, payload(), retry=True)

    def delete(self, key):
        self.cache.delete(key, retry=True)


class Index(Cache):
    def __init__(self, place, mode):
        super().__init__(place, mode, eviction_policy="none")
        self.index = diskcache.Index.fromcache(self.cache)

    def get(self, key):
        check(self.index[key])

    def put(self, key):
        self.index[key] = payload()

    def delete(self, key):
        del self.index[key]


class Memo(Cache):
    def __init__(self, place, mode):
        super().__init__(place, mode)
        self.filling = False
        self.call = self.cache.memoize(name="bench", expire=24 * 60 * 60)(self.compute)

    def compute(self, key):
        if not self.filling:
            raise ValueError("the function was called again")
        return payload()

    def fill(self, keys):
        self.filling = True
        for key in keys:
            self.call(key)
        self.filling = False

    def get(self, key):
        check(self.call(key))


def read(commands):
    for line in sys.stdin:
        commands.put(line.split())
    commands.put(None)
    time.sleep(5)  # for one that hangs although its parent is gone
    os._exit(1)


def measure(keeper, operation, keys, n, seconds):
    samples = []
    do = getattr(keeper, operation)
    end = time.perf_counter_ns() + int(seconds * 1e9)
    start = 0
    while not samples or len(samples) < n and start < end:
        key = name(random.randrange(keys))
        start = time.perf_counter_ns()
        do(key)
        samples.append(time.perf_counter_ns() - start)
        if operation == "delete":
            keeper.put(key)
    print("samples", *samples, flush=True)


def mix(keeper, keys, percent, seconds):
    gets, puts = [], []
    end = time.perf_counter_ns() + int(seconds * 1e9)
    start = 0
    while not gets and not puts or start < end:
        key = name(random.randrange(keys))
        do, samples = keeper.get, gets
        if random.randrange(100) < percent:
            do, samples = keeper.put, puts
        start = time.perf_counter_ns()
        do(key)
        samples.append(time.perf_counter_ns() - start)
    print("gets", *gets, flush=True)
    print("puts", *puts, flush=True)


def serve(keeper):
    commands = queue.SimpleQueue()
    threading.Thread(target=read, args=(commands,), daemon=True).start()
    while (words := commands.get()) is not None:
        verb, *args = words
        if verb == "fill":
            keeper.fill(map(name, range(int(args[0]))))
            print("filled", flush=True)
        elif verb == "time":
            measure(keeper, args[0], int(args[1]), int(args[2]), float(args[3]))
        elif verb == "mix":
            mix(keeper, int(args[0]), int(args[1]), float(args[2]))


kinds = {"diskcache-index": Index, "diskcache-cache": Cache, "diskcache-memo": Memo}
serve(kinds[sys.argv[1]](*sys.argv[2:]))
