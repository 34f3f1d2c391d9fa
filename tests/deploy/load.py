"""Calls with some keys, from several threads, for as long as it is wanted; what each was answered is counted."""

import collections
import itertools
import threading
import time

from calls import call

PAUSE_SECONDS = 0.02


class Load:
    """While `deploying` is set, answers are counted apart: functions are replaced under the calls."""

    def __init__(self, urls, values):
        """`values`: for each key's name its value, and that it is called in every n-th round."""
        self.deploying = False
        self._answers = collections.Counter()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(url, values)) for url in urls]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self, url, values):
        for turn in itertools.count():
            for name, (value, every) in values.items():
                if self._ended.is_set():
                    return
                if turn % every == 0:
                    self._call(url, name, value)
            time.sleep(PAUSE_SECONDS)

    def _call(self, url, name, value):
        deploying = self.deploying
        try:
            status = call("GET", url + "/orders/17", {"x-api-key": value}).status
        except OSError:
            status = 0
        with self._lock:
            self._answers[name, deploying or self.deploying, status] += 1

    def statuses(self, name, deploying):
        """How many calls with the key had each status; 0 is no answer."""
        with self._lock:
            return {
                status: count
                for (of, then, status), count in sorted(self._answers.items())
                if (of, then) == (name, deploying)
            }

    def total(self, name):
        return collections.Counter(self.statuses(name, True)) + collections.Counter(self.statuses(name, False))
