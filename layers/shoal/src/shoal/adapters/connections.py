"""The sockets of the WebSocket API."""

from __future__ import annotations

from typing import Any, Final

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import translated

_GONE: Final = 410


class ApiGatewayConnections:
    """Sends messages through API Gateway's management API."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def post(self, connection_id: str, message: str) -> bool:
        with translated():
            try:
                self._client.post_to_connection(ConnectionId=connection_id, Data=message.encode())
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != _GONE:
                    raise
                return False
        return True
