"""A retraining as a worker carries it out, alone in its process; prints the seconds of its steps as JSON."""

import json
import logging
import sys
from time import perf_counter

from trainer import wiring


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    training = wiring.training()
    begin = perf_counter()
    known = training.prepare()
    seconds = {"retraining_prepare_s": perf_counter() - begin}
    for step in (training.search, training.register):
        begun = perf_counter()
        print(step.__name__, step(known), file=sys.stderr, flush=True)
        seconds[f"retraining_{step.__name__}_s"] = perf_counter() - begun
    seconds["retraining_s"] = perf_counter() - begin
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
