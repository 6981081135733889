"""A retraining as a worker carries it out, alone in its process; prints its largest memory in megabytes."""

import logging
import resource
import sys
from time import perf_counter

from trainer import wiring


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    training = wiring.training()
    begin = perf_counter()
    known = training.prepare()
    for step in (training.search, training.register):
        print(step.__name__, step(known), f"{perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
