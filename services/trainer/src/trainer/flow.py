"""`trainer flow`: the retraining as a Prefect flow, served as a deployment with a schedule. Needs the extra `flow`.

Prefect runs the flow in a process of its own, which imports this module and calls `retraining`: so it does its wiring.
"""

from httpx import ConnectError
from prefect import flow, task
from prefect.settings import PREFECT_API_URL

from common.errors import Unavailable
from trainer import wiring
from trainer.retraining.retrain import Trained

DEPLOYMENT = "retraining"


@flow(name="retraining", log_prints=True)  # type: ignore[untyped-decorator]  # only with the extra has it types
def retraining() -> str:
    """Prepare, search, register: recorded like any other retraining, and never beside another one."""
    retrainer = wiring.retrainer()
    claimed = retrainer.begin("a run of the Prefect flow")
    if claimed is None:
        return "another retraining is under way: nothing done"
    trained = retrainer.carry_out(claimed, _train)
    return f"version {trained.model_version}: {trained.outcome}"


def serve(cron: str) -> None:
    """Serve the deployment until stopped: runs come by schedule (cron, UTC) and by hand. Unavailable: no server."""
    try:
        retraining.serve(name=DEPLOYMENT, cron=cron)
    except ConnectError as error:
        address = PREFECT_API_URL.value()
        raise Unavailable(f"no Prefect server answers at {address}: start one, or set PREFECT_API_URL") from error


def _train() -> Trained:
    training = wiring.training()
    known = task(training.prepare, name="prepare_data")()
    task(training.search, name="search_params")(known)
    return task(training.register, name="register_best")(known)
