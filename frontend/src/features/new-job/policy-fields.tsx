/** The settings of a new job: name, tags and policies. */

import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import { PRIORITY_LABELS } from "@/components/priority-labels";
import { SegmentedField } from "@/components/segmented-field";
import type { TaskType } from "@/lib/api/types";
import type { Draft } from "./draft";

/** The API's default timeout of an attempt, in seconds. */
const DEFAULT_TIMEOUT = 300;

export interface PolicyFieldsProps {
  type: TaskType;
  draft: Draft;
  errors: Record<string, string>;
  onChange: (part: Partial<Draft>) => void;
}

export function PolicyFields({ type, draft, errors, onChange }: PolicyFieldsProps) {
  const optionalField = (name: keyof Draft, label: string, description: string, placeholder: string) => (
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
  return (
    <Container header={<Header variant="h2">Job settings</Header>}>
      <ColumnLayout columns={2}>
        {optionalField("name", "Name", "Identifies the job in lists", "nightly")}
        <SegmentedField
          label="Priority"
          description="Selects the queue for the chunks of the job"
          value={draft.priority}
          labels={PRIORITY_LABELS}
          onChange={(priority) => onChange({ priority })}
        />
        {optionalField(
          "attempts",
          "Max attempts",
          "The maximum number of attempts per task",
          `Default: ${type.retry?.max_attempts ?? 1}`,
        )}
        {optionalField(
          "timeout",
          "Timeout",
          "The maximum duration of an attempt, in seconds",
          `Default: ${type.timeout ?? DEFAULT_TIMEOUT}`,
        )}
        {optionalField("tags", "Tags", "key=value pairs, separated by commas", "team=ml, run=7")}
        {optionalField(
          "maxFailed",
          "Max failed tasks",
          "The job stops and fails once more than this number of tasks have failed. If blank, all tasks run, and one failure fails the job.",
          "Not set",
        )}
      </ColumnLayout>
      <Box margin={{ top: "m" }}>
        <ExpandableSection headerText="Additional settings">
          <ColumnLayout columns={2}>
            {optionalField(
              "backoff",
              "Backoff",
              "The delay before the second attempt, in seconds. It doubles with each further attempt.",
              "Default: 1",
            )}
            {optionalField(
              "maxParallelism",
              "Max parallel chunks",
              "The number of chunks that can be in progress at the same time",
              "No limit",
            )}
            {optionalField(
              "chunkSize",
              "Chunk size",
              "The number of tasks that a worker receives at once",
              "Default: automatic",
            )}
          </ColumnLayout>
        </ExpandableSection>
      </Box>
    </Container>
  );
}
