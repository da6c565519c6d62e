/** One task beside the screen: how it stands, why, what it was given and what came of it. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import SplitPanel from "@cloudscape-design/components/split-panel";
import { useQuery } from "@tanstack/react-query";
import { CodeBlock } from "@/components/code-block";
import { CopyableText } from "@/components/copyable-text";
import { ProblemAlert } from "@/components/problem-alert";
import { TextWithCode } from "@/components/text-with-code";
import { TaskStatusIndicator } from "@/components/status-indicators";
import { Timestamp } from "@/components/timestamp";
import { useApi } from "@/lib/api/context";
import { useRetryTasks } from "@/features/jobs/api";
import type { Job, Task, TaskStatus } from "@/lib/api/types";
import { formatBytes, formatDuration, formatNumber, formatPercent } from "@/lib/format";
import { toSentence } from "@/lib/notifications";
import { useRefetchInterval } from "@/lib/query";
import { taskArtifactsQuery, taskQuery, taskWhyQuery } from "./api";
import { Attempts } from "./attempts";

const MOVING: Record<TaskStatus, boolean> = {
  PENDING: true,
  RUNNING: true,
  RETRYING: true,
  COMPLETED: false,
  FAILED: false,
  CANCELLED: false,
};

export interface TaskPanelProps {
  job: Job | null;
  id: string;
  index: number;
  total: number | null;
  taskHref: (index: number) => string;
}

export function TaskPanel({ job, id, index, total, taskHref }: TaskPanelProps) {
  return (
    <SplitPanel header={`Task ${formatNumber(index)}`} hidePreferencesButton closeBehavior="hide">
      <TaskView job={job} id={id} index={index} total={total} taskHref={taskHref} />
    </SplitPanel>
  );
}

function TaskView({ job, id, index, total, taskHref }: TaskPanelProps) {
  const api = useApi();
  const every = useRefetchInterval();
  const found = useQuery({
    ...taskQuery(api, id),
    refetchInterval: (query) => (query.state.data && !MOVING[query.state.data.status] ? false : every),
  });
  const task = found.data;
  const retry = useRetryTasks();
  return (
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
          disabledReason="A failed task of a job that has failed can be retried"
          loading={retry.isPending}
          onClick={() => job && retry.mutate({ job, selection: { indices: [index] } })}
        >
          Retry
        </Button>
      </SpaceBetween>
      {found.isError && !task && <ProblemAlert error={found.error} retry={() => void found.refetch()} />}
      {found.isPending && <Spinner size="large" />}
      {task && <TaskBody task={task} every={MOVING[task.status] ? every : false} />}
    </SpaceBetween>
  );
}

function TaskBody({ task, every }: { task: Task; every: number | false }) {
  return (
    <SpaceBetween size="l">
      <KeyValuePairs
        columns={2}
        items={[
          { label: "Status", value: <TaskStatusIndicator status={task.status} /> },
          { label: "Id", value: <CopyableText text={task.id} what="task id" /> },
          { label: "Attempts", value: formatNumber(task.attempts) },
          ...(task.worker ? [{ label: "Worker", value: task.worker }] : []),
          { label: "Started", value: <Timestamp at={task.started_at} /> },
          { label: "Finished", value: <Timestamp at={task.finished_at} /> },
          { label: "Duration", value: task.duration === null ? "–" : formatDuration(task.duration) },
          ...(task.progress === null ? [] : [{ label: "Progress", value: formatPercent(task.progress, 1) }]),
        ]}
      />
      {MOVING[task.status] && <WhyTask id={task.id} />}
      {task.error && (
        <Section title="Error">
          <Alert type="error" header={task.error.type}>
            <span className="break">{task.error.message || "It said nothing."}</span>
            {!task.error.retryable && <div>It is not tried again.</div>}
          </Alert>
          {task.error.tail && <CodeBlock text={task.error.tail} label="tail of the output" low />}
        </Section>
      )}
      <Section title="Attempts">
        <Attempts key={task.id} task={task} every={every} />
      </Section>
      <Section title="Input">
        {task.input === null ? (
          <Box color="text-body-secondary">It is too large to show here, or not kept any more.</Box>
        ) : (
          <CodeBlock text={JSON.stringify(task.input, null, 2)} label="input" low />
        )}
      </Section>
      {task.status === "COMPLETED" && (
        <Section title="Result">
          {task.too_large ? (
            <Box color="text-body-secondary">
              <TextWithCode text="Too large to show here; `shoal results` has it." />
            </Box>
          ) : (
            <CodeBlock text={JSON.stringify(task.result ?? null, null, 2)} label="result" low />
          )}
        </Section>
      )}
      <Artifacts id={task.id} />
      <Section title="Run it on your machine">
        <CodeBlock text={`shoal replay ${task.id}`} label="command" />
      </Section>
    </SpaceBetween>
  );
}

function WhyTask({ id }: { id: string }) {
  const found = useQuery({ ...taskWhyQuery(useApi(), id), refetchInterval: useRefetchInterval() });
  const [first] = found.data?.reasons ?? [];
  return first ? <Alert type="info">{toSentence(first.sentence)}</Alert> : null;
}

function Artifacts({ id }: { id: string }) {
  const found = useQuery(taskArtifactsQuery(useApi(), id));
  const items = found.data?.items ?? [];
  if (!items.length) return null;
  return (
    <Section title="Artifacts">
      {items.map((each) => (
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

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <SpaceBetween size="xs">
      <Header variant="h3">{title}</Header>
      {children}
    </SpaceBetween>
  );
}
