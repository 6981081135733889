"""What is known of one order."""

from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, Field

from common.database.access.acts import NO_KEY, record
from common.database.erasures import erase
from common.database.session import Database
from gateway.access.keys import Key
from gateway.http import problems

OrderId = Annotated[str, Path(pattern=r"^[!-~]{1,64}$", description="as it was sent")]

OUTSIDE = (
    "files that you submitted as batch jobs, and their results",
    "the source that models are trained from: erase it there, and the next model does not know it",
    "the reference of models that have learned from it, without its id, until they are deleted for their age",
    "backups of the database and the object store",
)
"""Where this system cannot, or must not, erase by itself."""


class ErasedOrder(BaseModel):
    """What was erased of an order, and what is left until when."""

    order_id: str
    predictions: int = Field(description="answers erased from the log")
    actuals: int = Field(description="1 if something had been reported of it")
    gone_at: datetime = Field(
        description="until then it may be left in the archive of old months and in the history that models learn from; "
        "then it is gone"
    )
    left: list[str] = Field(description="where it may be left, for you to erase")


def add_routes(app: FastAPI, database: Database) -> None:
    """Serve the route."""

    @app.delete("/orders/{order_id:path}", tags=["orders"], responses=problems.documented(404, 422))
    def erase_order(request: Request, order_id: OrderId) -> ErasedOrder:
        """Erase an order from the prediction log and the actuals, for good (scope `admin`)."""
        key: Key | None = request.scope["key"]
        if key and not key.opens("admin"):
            detail = f"key {key.name!r} lacks the scope 'admin'"
            raise problems.Refused(problems.problem(403, "Forbidden", detail))
        with database.transaction() as session:
            erased = erase(session, order_id)
            record(session, "order erased", key.id if key else NO_KEY)  # which one must be forgotten
        return ErasedOrder(
            order_id=order_id,
            predictions=erased.predictions,
            actuals=erased.actuals,
            gone_at=erased.gone_at,
            left=list(OUTSIDE),
        )
