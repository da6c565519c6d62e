/** A form for a new job, made from its task type's schema; checked before it is sent. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useDeferredValue, useMemo, useState } from "react";
import { SegmentedField } from "@/components/segmented-field";
import { CodeBlock } from "@/components/code-block";
import { PRIORITY_LABELS } from "@/components/priority-labels";
import { ProblemAlert } from "@/components/problem-alert";
import { TextWithCode } from "@/components/text-with-code";
import { type SnippetFormat as Snippet, SNIPPET_FORMATS, renderSubmission } from "@/components/code-snippets";
import { usePlatform } from "@/lib/api/context";
import type { Job, TaskType } from "@/lib/api/types";
import { formatDuration, pluralize } from "@/lib/format";
import { useSubmit } from "./api";
import { validateDraft, type Draft, EMPTY_DRAFT } from "./draft";
import { ParameterField } from "./parameter-field";
import { fieldsOf, type Schema } from "./parameter-schema";
import { TaskSourceFields } from "./task-source-fields";

export interface NewJobFormProps {
  types: TaskType[];
  selected: string | null;
  onSelect: (type: string) => void;
  onSubmitted: (job: Job) => void;
}

export function NewJobForm({ types, selected: chosen, onSelect: onChoose, onSubmitted }: NewJobFormProps) {
  const type = types.find((each) => each.name === chosen) ?? null;
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">What to run</Header>}>
        <FormField
          label="Task type"
          description={<TextWithCode text={type?.description || "A function that your workers offer."} />}
        >
          <Select
            selectedOption={type ? { value: type.name, label: type.name } : null}
            placeholder="Choose a task type"
            filteringType={types.length > 7 ? "auto" : "none"}
            empty="No worker has offered a task type yet. Start one: shoal worker run"
            options={types.map((each) => ({
              value: each.name,
              label: each.name,
              ...(each.description ? { description: each.description } : {}),
            }))}
            onChange={({ detail }) => onChoose(detail.selectedOption.value ?? "")}
          />
        </FormField>
      </Container>
      {type && <DraftForm key={type.name} type={type} onSubmitted={onSubmitted} />}
    </SpaceBetween>
  );
}

function DraftForm({ type, onSubmitted }: { type: TaskType; onSubmitted: (job: Job) => void }) {
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const [tried, setTried] = useState(false);
  const [key, setKey] = useState(() => crypto.randomUUID());
  const submit = useSubmit();
  const fields = useMemo(() => fieldsOf(type.schema as Schema), [type]);
  const settled = useDeferredValue(draft);
  const checked = useMemo(() => validateDraft(settled, type.name, fields), [settled, type, fields]);
  const errors = tried ? checked.errors : {};
  const wrong = Object.keys(checked.errors).length;
  const gridded = new Set(draft.source === "grid" ? draft.axes.map((each) => each.field) : []);
  const plain = fields.filter((each) => !gridded.has(each.name));

  function change(part: Partial<Draft>): void {
    setDraft((before) => ({ ...before, ...part }));
    setKey(crypto.randomUUID()); // another body is another job
    submit.reset();
  }

  function send(): void {
    setTried(true);
    if (!wrong) submit.mutate({ spec: checked.spec, key }, { onSuccess: onSubmitted });
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Form
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button formAction="none" onClick={() => setTried(true)}>
              Check
            </Button>
            <Button variant="primary" loading={submit.isPending}>
              Submit {pluralize(checked.tasks, "task")}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">Tasks</Header>}>
            <TaskSourceFields draft={draft} checked={checked} fields={fields} shownErrors={errors} onChange={change} />
          </Container>
          {plain.length > 0 && (
            <Container
              header={
                <Header variant="h2" description="What each task is given, beside what it has of its own.">
                  Parameters
                </Header>
              }
            >
              <ColumnLayout columns={2}>
                {plain.map((field) => (
                  <ParameterField
                    key={field.name}
                    field={field}
                    value={draft.params[field.name] ?? ""}
                    error={errors[`params.${field.name}`]}
                    onChange={(value) => change({ params: { ...draft.params, [field.name]: value } })}
                  />
                ))}
              </ColumnLayout>
            </Container>
          )}
          <Policies type={type} draft={draft} errors={errors} onChange={change} />
          <AsCode spec={checked.spec} />
          {tried && (
            <Alert
              type={wrong ? "error" : "success"}
              header={
                wrong
                  ? `${pluralize(wrong, "thing")} to mend before it can be sent`
                  : `${pluralize(checked.tasks, "task")}: it may be sent`
              }
            >
              {wrong
                ? Object.entries(checked.errors).map(([name, text]) => (
                    <div key={name}>
                      <code>{name.replace(/^params\./, "")}</code> {text}
                    </div>
                  ))
                : "It fits the schema of the task type. The API checks it once more as it is submitted."}
            </Alert>
          )}
          {submit.isError && <ProblemAlert error={submit.error} />}
        </SpaceBetween>
      </Form>
    </form>
  );
}

interface PoliciesProps {
  type: TaskType;
  draft: Draft;
  errors: Record<string, string>;
  onChange: (part: Partial<Draft>) => void;
}

function Policies({ type, draft, errors, onChange }: PoliciesProps) {
  const text = (name: keyof Draft, label: string, description: string, placeholder: string) => (
    <FormField
      label={
        <>
          {label}
          <i> - optional</i>
        </>
      }
      description={description}
      {...(errors[name] ? { errorText: errors[name] } : {})}
    >
      <Input
        value={String(draft[name])}
        placeholder={placeholder}
        onChange={({ detail }) => onChange({ [name]: detail.value })}
      />
    </FormField>
  );
  const attempts = type.retry?.max_attempts;
  return (
    <Container header={<Header variant="h2">Policies</Header>}>
      <ColumnLayout columns={2}>
        {text("name", "Name", "To find it again.", "nightly")}
        <SegmentedField
          label="Priority"
          description="Which queue its chunks wait in."
          value={draft.priority}
          labels={PRIORITY_LABELS}
          onChange={(priority) => onChange({ priority })}
        />
        {text("attempts", "Attempts", "How often a task is tried at most.", attempts ? `${attempts} by its type` : "1")}
        {text(
          "timeout",
          "Timeout",
          "Seconds that one attempt may take.",
          type.timeout ? `${formatDuration(type.timeout)} by its type` : "None",
        )}
        {text("tags", "Tags", "key=value, with commas between.", "team=ml, run=7")}
        {text("maxFailed", "Failures allowed", "The job fails as a whole beyond.", "Any")}
      </ColumnLayout>
      <Box margin={{ top: "m" }}>
        <ExpandableSection headerText="More">
          <ColumnLayout columns={2}>
            {text("backoff", "Pause before the second attempt", "Seconds; doubled at each further one.", "1")}
            {text("maxParallelism", "Chunks at once", "At most so many are let out.", "No limit")}
            {text("chunkSize", "Tasks of a chunk", "Those are sent and leased together.", "By itself")}
          </ColumnLayout>
        </ExpandableSection>
      </Box>
    </Container>
  );
}

const SHOWN_INPUTS = 20;

function AsCode({ spec }: { spec: ReturnType<typeof validateDraft>["spec"] }) {
  const { config } = usePlatform();
  const [form, setForm] = useState<Snippet>("curl");
  const many = (spec.inputs?.length ?? 0) > SHOWN_INPUTS;
  const shown = many ? { ...spec, inputs: (spec.inputs ?? []).slice(0, SHOWN_INPUTS) } : spec;
  return (
    <ExpandableSection variant="container" headerText="The same as code">
      <SpaceBetween size="s">
        <SegmentedControl
          label="Form"
          selectedId={form}
          options={SNIPPET_FORMATS}
          onChange={({ detail }) => setForm(detail.selectedId as Snippet)}
        />
        {many && <Box color="text-body-secondary">Only the first {SHOWN_INPUTS} rows are in it.</Box>}
        <CodeBlock text={renderSubmission(form, shown, config.api)} label="submission" />
      </SpaceBetween>
    </ExpandableSection>
  );
}
