"""Spans of chunks and tasks, by OpenTelemetry. Needs the extra `tracing`; nothing else imports it.

The worker creates a task's span from its accepted outcome. Child processes do not know about
traces, and lost work does not appear as done.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from shoal.wire.worker import Lease

_PARENT: Final = TraceContextTextMapPropagator()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class OtelTracer:
    """Implements the worker's port `Tracer`, configured by the standard OTEL_ variables."""

    def __init__(self, worker: str, exporter: SpanExporter | None = None) -> None:
        own = Resource({"service.name": "shoal-worker", "service.instance.id": worker})
        self._provider = TracerProvider(
            resource=own.merge(OTELResourceDetector().detect()), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("shoal.worker")

    def chunk(self, lease: Lease, parent: str) -> OtelChunkSpan | None:
        """Begin the span of a lease; None if its trace is not sampled."""
        span = self._tracer.start_span(
            f"chunk {lease.task_type}",
            _PARENT.extract({"traceparent": parent}),
            SpanKind.CONSUMER,
            {
                "shoal.job": lease.job_id,
                "shoal.chunk": lease.chunk,
                "shoal.epoch": lease.epoch or 0,
                "shoal.task_type": lease.task_type or "",
                "shoal.tasks": len(lease.tasks),
            },
        )
        return OtelChunkSpan(self._tracer, span, lease) if span.is_recording() else None

    def close(self) -> None:
        """Flush the remaining spans."""
        self._provider.shutdown()


class OtelChunkSpan:
    """The span of a lease, with a child span per accepted outcome."""

    def __init__(self, tracer: Tracer, span: Span, lease: Lease) -> None:
        self._tracer = tracer
        self._span = span
        self._context = set_span_in_context(span)
        self._name = f"task {lease.task_type}"
        self._job = lease.job_id

    def tasks(self, outcomes: Sequence[bytes]) -> None:
        """Add the spans of accepted outcomes."""
        for text in outcomes:
            outcome = json.loads(text)
            began = datetime.fromisoformat(outcome["started_at"])
            start = (began - _EPOCH) // _MICROSECOND * 1_000
            span = self._tracer.start_span(
                self._name,
                self._context,
                start_time=start,
                attributes={
                    "shoal.task": f"{self._job}.{outcome['index']}",
                    "shoal.attempt": outcome["attempt"],
                },
            )
            if "error" in outcome:
                error = outcome["error"]
                span.set_attribute("error.type", error["type"])
                span.set_status(Status(StatusCode.ERROR, error["message"]))
            span.end(start + round(outcome["duration"] * 1e9))

    def end(self, how: str) -> None:
        """End the span as reported, cancelled or lost; only the first call counts."""
        if self._span.is_recording():
            self._span.set_attribute("shoal.end", how)
            self._span.end()
