"""Routes of the webhooks of a tenant."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from handlers.request_context import IdempotencyKey, caller, new_router
from shoal import bootstrap
from shoal.domain.audit_event import Action
from shoal.wire.webhooks import (
    DeliveryListBody,
    WebhookBody,
    WebhookListBody,
    WebhookSecretBody,
    WebhookSetting,
    WebhookTestBody,
    delivery_body,
    secret_body,
    webhook_body,
)

router = new_router()


@router.post(
    "/api/v1/webhooks",
    operation_id="addWebhook",
    tags=["webhooks"],
    status_code=HTTPStatus.CREATED,
)
def add_webhook(
    body: WebhookSetting, idempotency_key: IdempotencyKey = None
) -> Response[WebhookSecretBody]:
    """Add a webhook for the tenant's jobs. Store its secret, which is not shown again."""
    webhook, replayed = bootstrap.webhooks().add(
        caller(router).tenant, body.url, body.events, body.description, key=idempotency_key
    )
    if not replayed:
        _audit(Action.WEBHOOK_ADD, webhook.id)
    headers = {"Location": f"/api/v1/webhooks/{webhook.id}"} | (
        {"Idempotency-Replayed": "true"} if replayed else {}
    )
    return Response(
        HTTPStatus.CREATED.value, "application/json", secret_body(webhook), headers=headers
    )


@router.get("/api/v1/webhooks", operation_id="listWebhooks", tags=["webhooks"])
def list_webhooks() -> WebhookListBody:
    """List the tenant's webhooks, oldest first."""
    found = bootstrap.webhooks().of_tenant(caller(router).tenant)
    return WebhookListBody(items=[webhook_body(webhook) for webhook in found])


@router.get("/api/v1/webhooks/<webhook_id>", operation_id="getWebhook", tags=["webhooks"])
def get_webhook(webhook_id: str) -> WebhookBody:
    """Get a webhook with its state: enabled, failing or disabled."""
    return webhook_body(bootstrap.webhooks().get(caller(router).tenant, webhook_id))


@router.delete(
    "/api/v1/webhooks/<webhook_id>",
    operation_id="removeWebhook",
    tags=["webhooks"],
    status_code=HTTPStatus.NO_CONTENT,
)
def remove_webhook(webhook_id: str) -> Response[None]:
    """Remove a webhook."""
    bootstrap.webhooks().remove(caller(router).tenant, webhook_id)
    _audit(Action.WEBHOOK_REMOVE, webhook_id)
    return Response(HTTPStatus.NO_CONTENT.value)


@router.post(
    "/api/v1/webhooks/<webhook_id>/rotate", operation_id="rotateWebhook", tags=["webhooks"]
)
def rotate_webhook(webhook_id: str) -> WebhookSecretBody:
    """Rotate the secret of a webhook. Previous secrets also sign events for one day."""
    webhook = bootstrap.webhooks().rotate(caller(router).tenant, webhook_id)
    _audit(Action.WEBHOOK_ROTATE, webhook_id)
    return secret_body(webhook)


@router.post(
    "/api/v1/webhooks/<webhook_id>/test",
    operation_id="testWebhook",
    tags=["webhooks"],
    status_code=HTTPStatus.ACCEPTED,
)
def test_webhook(webhook_id: str) -> Response[WebhookTestBody]:
    """Send a `webhook.test` event once. Success re-enables the webhook."""
    event = bootstrap.webhooks().test(caller(router).tenant, webhook_id)
    _audit(Action.WEBHOOK_TEST, webhook_id)
    return Response(
        HTTPStatus.ACCEPTED.value, "application/json", WebhookTestBody(event_id=event.id)
    )


@router.get(
    "/api/v1/webhooks/<webhook_id>/deliveries",
    operation_id="listDeliveries",
    tags=["webhooks"],
)
def list_deliveries(webhook_id: str) -> DeliveryListBody:
    """List the last 100 delivery attempts of a webhook, newest first."""
    found = bootstrap.webhooks().attempts(caller(router).tenant, webhook_id)
    return DeliveryListBody(items=[delivery_body(attempt) for attempt in found])


def _audit(action: Action, webhook_id: str) -> None:
    bootstrap.audit_trail().record(caller(router), action, None, {"webhook": webhook_id})
