"""Runs the emulator with patches: `python -m local.patches API_ID_FILE ORIGINS`.

Each patch uses private names of MiniStack, so MiniStack is pinned to an exact version. Each patch
has a test in tests/unit/local that fails once upstream has fixed the gap. In addition, requests to
`/api/…` are routed to the deployed HTTP API, as on its own host name, and `local.admission` refuses
foreign callers. ORIGINS are those of the console, separated by commas.
"""

# mypy: disable-error-code="attr-defined,no-untyped-call"

from __future__ import annotations

import hashlib
import hmac
import io
import os
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import ministack.app
import ministack.services.lambda_svc as lambdas
import ministack.services.sqs as queues
import ministack.services.stepfunctions as workflows
import ministack.services.sts as sessions
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import cloudwatch

from local import environments, iam_recorder, meter
from local.admission import AdmissionFilter

type Scope = MutableMapping[str, Any]
type App = Callable[[Scope, Any, Any], Awaitable[None]]

_STARTING_PAUSE = 0.15
_unpacking = threading.Lock()


class PatchMismatch(RuntimeError):  # noqa: N818
    """A patch does not match the version of the emulator."""


def keep_error_class() -> None:
    """Adds the class of a Python handler's exception, which state machines need to catch it."""
    original = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
    script = lambda_runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001
    if script.count(original) != 1:
        raise PatchMismatch("the Python worker's script has changed")
    replacement = original.replace('"trace"', '"errorType": type(e).__name__, "trace"')
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(original, replacement)  # noqa: SLF001
    last = threading.local()
    invoke = lambda_runtime.Worker.invoke
    execute = lambdas._execute_function_warm  # noqa: SLF001

    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        last.response = invoke(self, *args, **kwargs)
        return last.response

    def telling(function: Any, event: Any, request_id: str) -> Any:
        last.response = None
        result = execute(function, event, request_id)
        response = last.response
        if result.get("error") and response and response.get("errorType"):
            result["body"] = {
                "errorMessage": response.get("error", ""),
                "errorType": response["errorType"],
                "requestId": request_id,
                "stackTrace": (response.get("trace") or "").splitlines(),
            }
        return result

    lambda_runtime.Worker.invoke = noting
    lambdas._execute_function_warm = telling  # noqa: SLF001


def hide_crashes() -> None:
    """Responds to an exception of a handler with 500 and without details, like HTTP APIs."""
    convert = lambdas.lambda_execute_result_to_api_proxy_response

    def converting(result: Any) -> Any:
        if result.get("error") and not result.get("throttle"):
            headers = {"Content-Type": "application/json"}
            body = '{"message":"Internal Server Error"}'
            return {"statusCode": 500, "headers": headers, "body": body}, None
        return convert(result)

    lambdas.lambda_execute_result_to_api_proxy_response = converting


def fork_environments() -> None:
    """Fork execution environments from a process that has their packages; see `environments`."""
    lambda_runtime.subprocess = environments.Subprocess()


def wait_less_for_logs() -> None:
    """Does not wait 50 ms for the logs of a handler that logs nothing."""
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.002, 0.001, 0.05)  # noqa: SLF001


def start_executions_at_once() -> None:
    """Does not sleep 150 ms before each execution."""

    class Time:
        def __getattr__(self, name: str) -> Any:
            return getattr(time, name)

        def sleep(self, seconds: float) -> None:
            if seconds != _STARTING_PAUSE:
                time.sleep(seconds)

    workflows.time = Time()


def share_layers() -> None:
    """Unpacks a layer once, not for each environment, which would block the emulator for 1 s."""
    spawn = lambda_runtime.Worker._spawn  # noqa: SLF001

    def spawning(self: Any) -> Any:
        config = self.config
        folders = [str(_unpacked(layer)) for layer in config.get("Layers") or ()]
        variables = {
            **config.get("Environment", {}).get("Variables", {}),
            "_LAMBDA_LAYERS_DIRS": os.pathsep.join(folders),
        }
        self.config = {**config, "Layers": [], "Environment": {"Variables": variables}}
        try:
            return spawn(self)
        finally:
            self.config = config

    lambda_runtime.Worker._spawn = spawning  # noqa: SLF001


def _unpacked(layer: Any) -> Path:
    packed = lambdas._resolve_layer_zip(layer)  # noqa: SLF001
    folder = Path(tempfile.gettempdir()) / "layers" / hashlib.sha256(packed).hexdigest()[:16]
    with _unpacking:
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            fresh = Path(tempfile.mkdtemp(dir=folder.parent))
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                archive.extractall(fresh)
            fresh.rename(folder)
    return folder


def authorize_batches() -> None:
    """Authorizes a batch action of SQS like AWS: by the action for a single message."""
    extract = iam_actions.extract_iam_action

    def extracting(*args: Any, **kwargs: Any) -> Any:
        action = extract(*args, **kwargs)
        batch = action is not None and action.startswith("sqs:") and action.endswith("Batch")
        return action.removesuffix("Batch") if batch else action

    iam_actions.extract_iam_action = extracting


def take_loopback_for_tls() -> None:
    """Satisfies policies that require TLS. The emulator uses plain HTTP, only on loopback."""
    resolve = iam_evaluator._resolve_condition_key  # noqa: SLF001

    def resolving(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolving  # noqa: SLF001


def refuse_tokens_for_signatures() -> None:
    """Responds with 403 to a bearer token on a route that requires a signature, like HTTP APIs."""
    enforce = ministack.app._enforce_execute_api  # noqa: SLF001

    def enforcing(
        api_id: str, stage: str, method: str, path: str, headers: Any, *args: Any, **kwargs: Any
    ) -> Any:
        denied = enforce(api_id, stage, method, path, headers, *args, **kwargs)
        required = ministack.app._execute_api_authorization_type(api_id, stage, method, path)  # noqa: SLF001
        signed = headers.get("authorization", "").startswith("AWS4-HMAC-SHA256")
        if denied is None and required == "AWS_IAM" and not signed:
            return 403, {"Content-Type": "application/json"}, b'{"message":"Forbidden"}'
        return denied

    ministack.app._enforce_execute_api = enforcing  # noqa: SLF001


def name_errors_of_starts() -> None:
    """Uses the error names of AWS when an execution cannot start another, for Catch."""
    invoke = workflows._invoke_nested_start_execution  # noqa: SLF001

    def invoking(*args: Any) -> Any:
        try:
            return invoke(*args)
        except workflows._ExecutionError as error:  # noqa: SLF001
            name = f"StepFunctions.{error.error}Exception"
            raise workflows._ExecutionError(name, error.cause) from error  # noqa: SLF001

    workflows._invoke_nested_start_execution = invoking  # noqa: SLF001


def hold_workflows_to_their_role() -> None:
    """Limits an execution to the functions and state machines that its role allows."""
    role: ContextVar[str] = ContextVar("role")
    run = workflows._run_execution  # noqa: SLF001
    call = workflows._call_lambda  # noqa: SLF001
    start = workflows._start_execution  # noqa: SLF001

    def running(execution_arn: str) -> Any:
        machine = workflows._executions[execution_arn]["stateMachineArn"]  # noqa: SLF001
        role.set(workflows._state_machines[machine]["roleArn"])  # noqa: SLF001
        return run(execution_arn)

    def calling(function: str, event: Any) -> Any:
        if role.get(None):
            _require(role.get(), "lambda:InvokeFunction", function, "Lambda.AWSLambdaException")
        return call(function, event)

    def starting(request: Any) -> Any:
        if role.get(None):
            machine = request["stateMachineArn"]
            _require(role.get(), "states:StartExecution", machine, "States.AccessDeniedException")
        return start(request)

    workflows._run_execution = running  # noqa: SLF001
    workflows._call_lambda = calling  # noqa: SLF001
    workflows._start_execution = starting  # noqa: SLF001


def _require(role: str, action: str, resource: str, error: str) -> None:
    """Raises the error of the execution unless the policies of the role allow the action."""
    _, _, _, _, account, place = role.split(":", 5)
    name = place.rpartition("/")[2]
    request = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/workflow",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region="",
    )
    policies = iam_evaluator._gather_role_policies(name, account)  # noqa: SLF001
    if iam_evaluator.evaluate(request, policies).decision != "Allow":
        raise workflows._ExecutionError(error, f"{name} is not allowed {action} on {resource}")  # noqa: SLF001


def measure_queues() -> None:
    """Adds the age of the oldest visible message of each queue to CloudWatch, like SQS."""
    read = cloudwatch._get_metric_data  # noqa: SLF001

    def reading(*args: Any, **kwargs: Any) -> Any:
        now = time.time()
        last_minute = (now // 60 - 1) * 60
        for queue in list(queues._queues.values()):  # noqa: SLF001
            waiting = [each["sent_at"] for each in queue["messages"] if each["visible_at"] <= now]
            point = {"Timestamp": last_minute, "Value": now - min(waiting, default=now)}
            name = {"QueueName": queue["name"]}
            key = ("AWS/SQS", "ApproximateAgeOfOldestMessage", cloudwatch._dims_key(name))  # noqa: SLF001
            points = [{**point, "Unit": "Seconds", "Dimensions": name}]
            cloudwatch._metrics[key] = points if waiting else []  # noqa: SLF001
        return read(*args, **kwargs)

    cloudwatch._get_metric_data = reading  # noqa: SLF001


def draw_secrets_of_functions() -> None:
    """Derives the credentials of functions from the root secret, not only from public names."""
    root = os.environ["AWS_SECRET_ACCESS_KEY"].encode()  # noqa: TID251 - as the emulator

    def issuing(config: Any) -> dict[str, str]:
        function, role = config["FunctionArn"], config.get("Role", "")
        account, name = function.split(":")[4], config.get("FunctionName", "function")[:64]
        names = f"{function}:{role}"
        key = f"ASIA{hashlib.sha256(names.encode()).hexdigest()[:16].upper()}"
        secret, token = (
            hmac.new(root, f"{kind}:{names}".encode(), hashlib.sha256).hexdigest()
            for kind in ("secret", "token")
        )
        role_name = role.rpartition("/")[2]
        session = {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{name}",
            "UserId": f"{role_name}:{name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        }
        sessions.register_session(key, session)
        return {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_SESSION_TOKEN": token,
        }

    lambda_runtime.execution_credentials = issuing
    lambdas.execution_credentials = issuing


def verify_signatures_once() -> None:
    """Leaves the verification of signatures to `local.admission`, which covers each request."""
    pin = iam_evaluator.pin_signed_request

    def pinning(*args: Any, **kwargs: Any) -> None:
        pin(*args, **kwargs)
        iam_evaluator._signed_request.set(None)  # noqa: SLF001

    ministack.app.pin_signed_request = pinning


PATCHES = (
    draw_secrets_of_functions,
    verify_signatures_once,
    take_loopback_for_tls,
    refuse_tokens_for_signatures,
    authorize_batches,
    name_errors_of_starts,
    hold_workflows_to_their_role,
    keep_error_class,
    hide_crashes,
    share_layers,
    fork_environments,
    wait_less_for_logs,
    start_executions_at_once,
    measure_queues,
)


def routed(app: App, api_id_file: Path) -> App:
    """Routes `/api/…` to the deployed HTTP API."""
    known: list[str] = []

    def prefix() -> str:
        if not known and api_id_file.exists():
            known.append(api_id_file.read_text())
        return f"/_aws/execute-api/{known[0] if known else 'none'}/$default"

    async def route(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            start = prefix()
            scope = dict(scope)
            scope["path"] = start + scope["path"]
            scope["raw_path"] = start.encode() + scope["raw_path"]
        await app(scope, receive, send)

    return route


def main() -> None:
    """Applies the patches and serves until the process is terminated."""
    for patch in PATCHES:
        patch()
    meter.install()
    iam_recorder.install()
    root, port = os.environ["AWS_ACCESS_KEY_ID"], int(os.environ["GATEWAY_PORT"])  # noqa: TID251 - as the emulator
    routes = routed(ministack.app.app, Path(sys.argv.pop(1)))
    origins = [each for each in sys.argv.pop(1).split(",") if each]
    ministack.app.app = AdmissionFilter(routes, port, origins, root)
    ministack.app.main()


if __name__ == "__main__":
    main()
