"""`trainer flow`: the retraining as a Prefect flow, served as a deployment with a schedule. Needs the extra `flow`."""

from httpx import ConnectError
from prefect import flow, task
from prefect.settings import PREFECT_API_URL

from common.errors import Unavailable
from trainer import wiring
from trainer.retraining.retrain import Trained, prepare_data, register_best, search_params

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


def _train() -> Trained:
    task(prepare_data)()
    task(search_params)()
    return task(register_best)()


def serve(cron: str) -> None:
    """Serve the deployment until stopped: runs come by schedule (cron, UTC) and by hand. Unavailable: no server."""
    try:
        retraining.serve(name=DEPLOYMENT, cron=cron)
    except ConnectError as error:
        address = PREFECT_API_URL.value()
        raise Unavailable(f"no Prefect server answers at {address}: start one, or set PREFECT_API_URL") from error
