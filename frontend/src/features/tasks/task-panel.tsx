/** The side panel of one task: status, error, attempts, input, result and artifacts. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import SplitPanel from "@cloudscape-design/components/split-panel";
import type { ReactNode } from "react";
import { CodeBlock } from "@/components/code-block";
import { CopyableText } from "@/components/copyable-text";
import { ProblemAlert } from "@/components/problem-alert";
import { TaskStatusIndicator } from "@/components/status-indicators";
import { TextWithCode } from "@/components/text-with-code";
import { Timestamp } from "@/components/timestamp";
import { useRetryTasks } from "@/features/jobs/api";
import type { Job, Task } from "@/lib/api/types";
import { formatBytes, formatDuration, formatNumber, formatPercent, toSentence } from "@/lib/format";
import { isActiveTask, taskId } from "@/lib/task";
import { useTask, useTaskArtifacts, useTaskReasons } from "./api";
import { Attempts } from "./attempts";

export interface TaskPanelProps {
  job: Job | null;
  jobId: string;
  index: number;
  /** The number of tasks of the job, if known. */
  total: number | null;
  taskHref: (index: number) => string;
}

export function TaskPanel({ job, jobId, index, total, taskHref }: TaskPanelProps) {
  const { data: task, error, isError, isPending, refetch } = useTask(taskId(jobId, index));
  const retryTasks = useRetryTasks();
  return (
    <SplitPanel header={`Task ${formatNumber(index)}`} hidePreferencesButton closeBehavior="hide">
      <SpaceBetween size="l">
        <SpaceBetween direction="horizontal" size="xs">
          <Button iconName="angle-left" href={taskHref(Math.max(0, index - 1))} disabled={index === 0}>
            Previous
          </Button>
          <Button
            iconName="angle-right"
            iconAlign="right"
            href={taskHref(index + 1)}
            disabled={total !== null && index >= total - 1}
          >
            Next
          </Button>
          <Button
            disabled={task?.status !== "FAILED" || job?.status !== "FAILED"}
            disabledReason="The task and its job must both have the status Failed"
            loading={retryTasks.isPending}
            onClick={() => job && retryTasks.mutate({ job, selection: { indices: [index] } })}
          >
            Retry
          </Button>
        </SpaceBetween>
        {isError && !task && <ProblemAlert error={error} retry={() => void refetch()} />}
        {isPending && <Spinner size="large" />}
        {task && <TaskDetails task={task} />}
      </SpaceBetween>
    </SplitPanel>
  );
}

function TaskDetails({ task }: { task: Task }) {
  return (
    <SpaceBetween size="l">
      <KeyValuePairs
        columns={2}
        items={[
          { label: "Status", value: <TaskStatusIndicator status={task.status} /> },
          { label: "Task ID", value: <CopyableText text={task.id} label="task ID" /> },
          { label: "Attempts", value: formatNumber(task.attempts) },
          ...(task.worker ? [{ label: "Worker", value: task.worker }] : []),
          { label: "Started", value: <Timestamp at={task.started_at} /> },
          { label: "Finished", value: <Timestamp at={task.finished_at} /> },
          { label: "Duration", value: task.duration === null ? "–" : formatDuration(task.duration) },
          ...(task.progress === null ? [] : [{ label: "Progress", value: formatPercent(task.progress, 1) }]),
        ]}
      />
      {isActiveTask(task) && <StatusReason taskId={task.id} />}
      {task.error && (
        <Section title="Error">
          <Alert type="error" header={task.error.type}>
            <span className="break">{task.error.message || "No message"}</span>
            {!task.error.retryable && <div>This error is not retried automatically.</div>}
          </Alert>
          {task.error.tail && <CodeBlock text={task.error.tail} label="end of the output" low />}
        </Section>
      )}
      <Section title="Attempts">
        <Attempts key={task.id} task={task} />
      </Section>
      <Section title="Input">
        {task.input === null ? (
          <Box color="text-body-secondary">The input is too large to display, or it has expired.</Box>
        ) : (
          <CodeBlock text={JSON.stringify(task.input, null, 2)} label="input" low />
        )}
      </Section>
      {task.status === "COMPLETED" && (
        <Section title="Result">
          {task.too_large ? (
            <Box color="text-body-secondary">
              <TextWithCode text="The result is too large to display. To read it, run `shoal results`." />
            </Box>
          ) : (
            <CodeBlock text={JSON.stringify(task.result ?? null, null, 2)} label="result" low />
          )}
        </Section>
      )}
      <Artifacts taskId={task.id} />
      <Section title="Run on your machine">
        <CodeBlock text={`shoal replay ${task.id}`} label="command" />
      </Section>
    </SpaceBetween>
  );
}

function StatusReason({ taskId: id }: { taskId: string }) {
  const [reason] = useTaskReasons(id).data?.reasons ?? [];
  return reason ? <Alert type="info">{toSentence(reason.sentence)}</Alert> : null;
}

function Artifacts({ taskId: id }: { taskId: string }) {
  const artifacts = useTaskArtifacts(id).data?.items ?? [];
  if (!artifacts.length) return null;
  return (
    <Section title="Artifacts">
      {artifacts.map((each) => (
        <div key={each.name}>
          <Link external href={each.url}>
            {each.name}
          </Link>{" "}
          {formatBytes(each.size)}
        </div>
      ))}
    </Section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <SpaceBetween size="xs">
      <Header variant="h3">{title}</Header>
      {children}
    </SpaceBetween>
  );
}
