"""Traces of jobs in their workers."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shoal.adapters.tracing import OtelTracer
from shoal.domain import trace
from tests.unit.worker.running_worker import Running
from tests.unit.worker.test_worker_settings import WHOLE
from tests.unit.worker.worker_fakes import JOB, FakeChunk, token_of

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADER = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture
def exporter(running: Running) -> InMemorySpanExporter:
    found = InMemorySpanExporter()
    running.tracer = OtelTracer("w-1", found)
    return found


def ended(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def attribute_of(span: ReadableSpan, attribute: str) -> object:
    return (span.attributes or {}).get(attribute)


def test_task_span_is_a_child_of_the_chunk_span_in_the_trace_of_the_job(
    running: Running, exporter: InMemorySpanExporter
) -> None:
    running.add(0, FakeChunk("echo", [{}] * 3, first=6, extra={"trace": HEADER}))
    running.run_until_final(0)

    (chunk,) = ended(exporter, "chunk echo")
    tasks = ended(exporter, "task echo")

    assert f"{chunk.context.trace_id:032x}" == TRACE
    assert chunk.parent is not None
    assert f"{chunk.parent.span_id:016x}" == PARENT
    assert attribute_of(chunk, "shoal.end") == "reported"
    assert [attribute_of(task, "shoal.task") for task in tasks] == [f"{JOB}.{i}" for i in (6, 7, 8)]
    assert {task.parent.span_id for task in tasks if task.parent} == {chunk.context.span_id}
    assert {task.context.trace_id for task in tasks} == {chunk.context.trace_id}


def test_span_has_the_times_of_the_outcome(
    running: Running, exporter: InMemorySpanExporter
) -> None:
    running.add(0, FakeChunk("waits", [{"seconds": 0.05}], extra={"trace": HEADER}))
    running.run_until_final(0)

    (task,) = ended(exporter, "task waits")
    outcome = running.callbacks.outcomes(0)[0]

    assert task.start_time is not None
    assert task.end_time is not None
    assert task.start_time == round(outcome.started_at.timestamp() * 1000) * 1_000_000
    assert (task.end_time - task.start_time) / 1e9 == pytest.approx(outcome.duration, abs=1e-6)


def test_span_of_a_failed_task_has_the_error(
    running: Running, exporter: InMemorySpanExporter
) -> None:
    running.add(0, FakeChunk("raises", [{"message": "no luck"}], extra={"trace": HEADER}))
    running.run_until_final(0)

    (task,) = ended(exporter, "task raises")

    assert (task.status.is_ok, task.status.description) == (False, "no luck")
    assert attribute_of(task, "error.type") == "ValueError"


def test_no_span_has_the_token_of_the_lease(
    running: Running, exporter: InMemorySpanExporter
) -> None:
    running.add(0, FakeChunk("echo", [{"a": 1}]))

    running.run_until_final(0)

    spans = [span.to_json() for span in exporter.get_finished_spans()]
    assert spans
    assert not [span for span in spans if token_of(0, 1) in span]


def test_chunks_of_a_job_without_a_trace_share_a_trace(
    running: Running, exporter: InMemorySpanExporter
) -> None:
    for chunk in (0, 1):
        running.add(chunk, FakeChunk("echo", [{}]))
    running.run_until_final(0, 1)

    chunks = ended(exporter, "chunk echo")

    assert len(chunks) == 2
    assert {f"{each.context.trace_id:032x}" for each in chunks} == {trace.of_job(JOB)[3:35]}


def test_unsampled_trace_creates_no_span(running: Running, exporter: InMemorySpanExporter) -> None:
    header = HEADER[:-1] + "0"
    running.add(0, FakeChunk("echo", [{}], extra={"trace": header}))
    running.run_until_final(0)

    assert exporter.get_finished_spans() == ()
    assert OtelTracer("w-1", exporter).chunk(FakeChunk("echo", [{}]).grant(0), header) is None


def test_stale_outcome_creates_no_task_span(
    running: Running, exporter: InMemorySpanExporter
) -> None:
    running.callbacks.report_decision = lambda _: "stale"
    running.add(0, FakeChunk("echo", [{}] * 3))
    running.start()
    running.callbacks.wait_for(lambda: running.callbacks.reports)
    assert running.leave() == 0

    (chunk,) = ended(exporter, "chunk echo")

    assert attribute_of(chunk, "shoal.end") == "lost"
    assert ended(exporter, "task echo") == []


# Export by OTLP, and no export.


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A collector on loopback that stores the received spans."""
    sent: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            sent.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", sent
        server.shutdown()
        thread.join()


def test_all_spans_are_exported_at_shutdown(
    running: Running, collector: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, sent = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    running.tracer = OtelTracer("w-1")
    running.add(0, FakeChunk("echo", [{}] * 5, extra={"trace": HEADER}))

    running.run_until_final(0)

    resources = [
        spans
        for body in sent
        for spans in ExportTraceServiceRequest.FromString(body).resource_spans
    ]
    names = [span.name for each in resources for scope in each.scope_spans for span in scope.spans]
    about = {pair.key: pair.value.string_value for pair in resources[0].resource.attributes}
    assert sorted(names) == ["chunk echo", *["task echo"] * 5]
    assert about["service.name"] == "shoal-worker"
    assert about["deployment.environment.name"] == "test"


LOADS = """
import sys
for hidden in sys.argv[1:]:
    sys.modules[hidden] = None
from shoal.worker_bootstrap import worker_from_environment
worker_from_environment()
print(sorted({name.split(".")[0] for name, module in sys.modules.items() if module}))
"""


def loaded(*hidden: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Creates a worker in a new process. Returns the imported packages."""
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", LOADS, *hidden],
        env={**WHOLE, **keys, **variables, "PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )


def test_worker_without_metrics_and_traces_does_not_import_their_packages() -> None:
    run = loaded()

    assert "'shoal'" in run.stdout
    assert "opentelemetry" not in run.stdout
    assert "prometheus_client" not in run.stdout


def test_worker_imports_the_packages_that_its_environment_needs() -> None:
    run = loaded(SHOAL_HEALTH_PORT="8080", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")

    assert "'opentelemetry'" in run.stdout
    assert "'prometheus_client'" in run.stdout


def test_worker_without_the_tracing_extra_logs_a_warning_and_runs() -> None:
    run = loaded("opentelemetry", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")

    assert "the extra `tracing` is not installed" in run.stderr
