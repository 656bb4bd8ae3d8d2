"""Cases spread over the offices: each takes the next one when it is done with its last."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lab.errors import LabError
from lab.matrix import package
from lab.matrix.results import line
from lab.matrix.trial import Result, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.matrix.cases import Case
    from lab.matrix.ground import Ground
    from lab.matrix.office import Office
    from lab.matrix.results import ResultsFile

_LAB_TRIES = 2  # a case that the lab could not play is played once more, then left out
# So is one whose switch ended before its moment: a gate may refuse a link on a busy machine.
_POINT_TRIES = 3


class Schedule:
    """Works off a list of cases.

    Args:
        ground: the offices.
        file: takes the results as they come.
        order: number of the change order.
        until: monotonic time after which no case is begun; None: never.
    """

    def __init__(self, ground: Ground, file: ResultsFile, order: str, until: float | None) -> None:
        self._ground = ground
        self._file = file
        self._order = order
        self._until = until
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._queue: list[Case] = []
        self._count = 0
        self._done = 0
        self.results: list[Result] = []
        self.not_played: dict[str, str] = {}  # case -> what was wrong with the lab

    def work(self, cases: Sequence[Case]) -> None:
        """Play them all; an interrupt (Ctrl-C) lets the running ones end."""
        self._queue, self._count = list(cases), len(cases)
        offices = self._ground.offices
        with ThreadPoolExecutor(max_workers=len(offices)) as pool:
            workers = [pool.submit(self._serve, office) for office in offices]
            try:
                for worker in workers:
                    worker.result()
            except KeyboardInterrupt:
                with self._lock:
                    self._queue.clear()
                raise
        if not self._late():
            left = {case.name: "no office here has a modem for it" for case in self._queue}
            self.not_played |= left

    def _serve(self, office: Office) -> None:
        trial = Trial(office, self._order)
        while (case := self._next(office)) is not None:
            self._play(trial, office, case)

    def _late(self) -> bool:
        return self._until is not None and time.monotonic() > self._until

    def _next(self, office: Office) -> Case | None:
        """The first that the office's modem can play."""
        with self._lock:
            if self._late():
                return None
            for number, case in enumerate(self._queue):
                if package.plays(office.site.platform, case.kind):
                    return self._queue.pop(number)
            return None

    def _play(self, trial: Trial, office: Office, case: Case) -> None:
        troubles: list[str] = []
        misses = 0
        while len(troubles) < _LAB_TRIES:
            try:
                self._ground.fit(office, case)
                result = trial.run(case)
            except (LabError, OSError, ValueError) as error:
                print(f"matrix: {case.name} at {office.site.slug}: {error}", flush=True)
                troubles.append(str(error))
                continue
            misses += not result.reached
            harmed = result.stranded or result.untrue or result.lost
            if result.reached or harmed or misses == _POINT_TRIES:
                self._keep(result)
                return
            print(f"matrix: {case.name} ended before its moment: {result.reason}", flush=True)
        self.not_played[case.name] = troubles[-1]

    def _keep(self, result: Result) -> None:
        with self._lock:
            self._done += 1
            self.results.append(result)
            self._file.append(result)
            elapsed = time.monotonic() - self._began
            print(line(result, self._done, self._count, elapsed), flush=True)
