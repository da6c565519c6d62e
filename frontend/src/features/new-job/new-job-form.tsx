/** A form for a new job, generated from the schema of its task type. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useDeferredValue, useMemo, useState } from "react";
import { CodeBlock } from "@/components/code-block";
import { renderSubmission, SNIPPET_FORMATS, type SnippetFormat } from "@/components/code-snippets";
import { ProblemAlert } from "@/components/problem-alert";
import { TextWithCode } from "@/components/text-with-code";
import { usePlatform } from "@/lib/api/context";
import type { Job, TaskType } from "@/lib/api/types";
import { pluralize } from "@/lib/format";
import { useSubmitJob } from "./api";
import { type Draft, EMPTY_DRAFT, type Submission, validateDraft } from "./draft";
import { ParameterField } from "./parameter-field";
import { fieldsOf, type Schema } from "./parameter-schema";
import { PolicyFields } from "./policy-fields";
import { TaskSourceFields } from "./task-source-fields";

export interface NewJobFormProps {
  types: TaskType[];
  /** The name of the selected task type. */
  selected: string | null;
  onSelect: (type: string) => void;
  onSubmitted: (job: Job) => void;
}

export function NewJobForm({ types, selected, onSelect, onSubmitted }: NewJobFormProps) {
  const type = types.find((each) => each.name === selected) ?? null;
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Choose a task type</Header>}>
        <FormField
          label="Task type"
          description={<TextWithCode text={type?.description || "The function that each task calls"} />}
        >
          <Select
            selectedOption={type ? { value: type.name, label: type.name } : null}
            placeholder="Choose a task type"
            filteringType={types.length > 7 ? "auto" : "none"}
            empty="No task types. Start a worker to register its task types: shoal worker run"
            options={types.map((each) => ({
              value: each.name,
              label: each.name,
              ...(each.description ? { description: each.description } : {}),
            }))}
            onChange={({ detail }) => onSelect(detail.selectedOption.value ?? "")}
          />
        </FormField>
      </Container>
      {type && <DraftForm key={type.name} type={type} onSubmitted={onSubmitted} />}
    </SpaceBetween>
  );
}

function DraftForm({ type, onSubmitted }: { type: TaskType; onSubmitted: (job: Job) => void }) {
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const [showErrors, setShowErrors] = useState(false);
  const [key, setKey] = useState(() => crypto.randomUUID());
  const submitJob = useSubmitJob();
  const fields = useMemo(() => fieldsOf(type.schema as Schema), [type]);
  const deferredDraft = useDeferredValue(draft);
  const validated = useMemo(() => validateDraft(deferredDraft, type.name, fields), [deferredDraft, type, fields]);
  const errors = showErrors ? validated.errors : {};
  const valid = Object.keys(validated.errors).length === 0;
  const axisFields = new Set(draft.source === "grid" ? draft.axes.map((each) => each.field) : []);
  const parameters = fields.filter((each) => !axisFields.has(each.name));

  function change(part: Partial<Draft>): void {
    setDraft((current) => ({ ...current, ...part }));
    setKey(crypto.randomUUID()); // a changed submission is a new job
    submitJob.reset();
  }

  function submit(): void {
    setShowErrors(true);
    if (valid) submitJob.mutate({ submission: validated.submission, key }, { onSuccess: onSubmitted });
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Form
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button formAction="none" onClick={() => setShowErrors(true)}>
              Validate
            </Button>
            <Button variant="primary" loading={submitJob.isPending}>
              Submit {pluralize(validated.tasks, "task")}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">Tasks</Header>}>
            <TaskSourceFields draft={draft} validated={validated} fields={fields} errors={errors} onChange={change} />
          </Container>
          {parameters.length > 0 && (
            <Container
              header={
                <Header variant="h2" description="Parameters that all tasks share">
                  Parameters
                </Header>
              }
            >
              <ColumnLayout columns={2}>
                {parameters.map((field) => (
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
          <PolicyFields type={type} draft={draft} errors={errors} onChange={change} />
          <CodePreview submission={validated.submission} />
          {showErrors && <ValidationAlert errors={validated.errors} tasks={validated.tasks} />}
          {submitJob.isError && <ProblemAlert error={submitJob.error} />}
        </SpaceBetween>
      </Form>
    </form>
  );
}

function ValidationAlert({ errors, tasks }: { errors: Record<string, string>; tasks: number }) {
  const problems = Object.entries(errors);
  if (!problems.length) {
    return (
      <Alert type="success" header={`Ready to submit ${pluralize(tasks, "task")}`}>
        The inputs match the schema of the task type. The API validates them again when you submit the job.
      </Alert>
    );
  }
  return (
    <Alert type="error" header={`Fix ${pluralize(problems.length, "problem")} to submit`}>
      {problems.map(([name, message]) => (
        <div key={name}>
          <code>{name.replace(/^params\./, "")}</code> {message}
        </div>
      ))}
    </Alert>
  );
}

const MAX_INPUTS = 20;

function CodePreview({ submission }: { submission: Submission }) {
  const { config } = usePlatform();
  const [format, setFormat] = useState<SnippetFormat>("curl");
  const inputs = submission.inputs ?? [];
  const shortened = inputs.length > MAX_INPUTS ? { ...submission, inputs: inputs.slice(0, MAX_INPUTS) } : submission;
  return (
    <ExpandableSection variant="container" headerText="Code">
      <SpaceBetween size="s">
        <SegmentedControl
          label="Format"
          selectedId={format}
          options={SNIPPET_FORMATS}
          onChange={({ detail }) => setFormat(detail.selectedId as SnippetFormat)}
        />
        {inputs.length > MAX_INPUTS && (
          <Box color="text-body-secondary">The code contains only the first {MAX_INPUTS} rows.</Box>
        )}
        <CodeBlock text={renderSubmission(format, shortened, config.api)} label="submission" />
      </SpaceBetween>
    </ExpandableSection>
  );
}
