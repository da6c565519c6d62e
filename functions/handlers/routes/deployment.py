"""Routes of the deployment: its task types and its health."""

from handlers.request_context import PUBLIC, new_router
from handlers.serializers import task_type_body
from shoal import bootstrap
from shoal.wire.health import HealthBody
from shoal.wire.task_types import TaskTypesBody

router = new_router()


@router.get("/api/v1/task-types", operation_id="listTaskTypes", tags=["task types"])
def list_task_types() -> TaskTypesBody:
    """List the task types that workers have registered."""
    return TaskTypesBody(items=[*map(task_type_body, bootstrap.types().all())])


@router.get("/api/v1/health", operation_id="getHealth", tags=["health"], security=PUBLIC)
def get_health() -> HealthBody:
    """Check that the API responds."""
    return HealthBody(status="ok")
