/** What workers offer, with the schema of each. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Cards from "@cloudscape-design/components/cards";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useQuery } from "@tanstack/react-query";
import { CodeBlock } from "@/components/code-block";
import { ProblemAlert } from "@/components/problem-alert";
import { TextWithCode } from "@/components/text-with-code";
import { useApi } from "@/lib/api/context";
import type { TaskType } from "@/lib/api/types";
import { formatDuration, pluralize } from "@/lib/format";
import { taskTypesQuery } from "./api";

export function TaskTypes({ sought, onSeek }: { sought: string; onSeek: (text: string) => void }) {
  const found = useQuery(taskTypesQuery(useApi()));
  const all = found.data ?? [];
  const shown = all.filter((each) => each.name.toLowerCase().includes(sought.toLowerCase()));
  return (
    <Cards<TaskType>
      variant="full-page"
      trackBy="name"
      items={shown}
      loading={found.isPending}
      loadingText="Loading task types"
      cardsPerRow={[{ cards: 1 }, { minWidth: 900, cards: 2 }]}
      header={
        <Header variant="h1" counter={`(${all.length})`} description="The functions that workers have offered.">
          Task types
        </Header>
      }
      filter={
        <TextFilter
          filteringText={sought}
          filteringPlaceholder="Find a task type"
          filteringAriaLabel="Find a task type"
          countText={pluralize(shown.length, "match", "matches")}
          onChange={({ detail }) => onSeek(detail.filteringText)}
        />
      }
      empty={
        found.isError ? (
          <ProblemAlert error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Box textAlign="center" color="inherit" padding="l">
            <Box variant="strong">
              {all.length ? "No task type is called so" : "No worker has offered a task type yet"}
            </Box>
            {!all.length && (
              <div className="narrow">
                <CodeBlock text="shoal worker run" label="command" />
              </div>
            )}
          </Box>
        )
      }
      cardDefinition={{
        header: (each) => (
          <Header
            variant="h3"
            actions={<Button href={`/jobs/new?type=${encodeURIComponent(each.name)}`}>New job</Button>}
          >
            {each.name}
          </Header>
        ),
        sections: [
          { id: "about", content: (each) => <TextWithCode text={each.description || "It says nothing of itself."} /> },
          {
            id: "signature",
            header: "Fields",
            content: (each) => <span className="mono">{signature(each)}</span>,
          },
          {
            id: "timeout",
            header: "Timeout",
            width: 25,
            content: (each) => (each.timeout === null ? "None" : formatDuration(each.timeout)),
          },
          {
            id: "retry",
            header: "Attempts",
            width: 25,
            content: (each) => pluralize(each.retry?.max_attempts ?? 1, "attempt"),
          },
          {
            id: "mean",
            header: "Mean duration",
            width: 25,
            content: (each) => (each.mean_seconds === null ? "Not known yet" : formatDuration(each.mean_seconds)),
          },
          {
            id: "jobs",
            header: "Jobs",
            width: 25,
            content: (each) => <Link href={`/jobs?type=${encodeURIComponent(each.name)}`}>Show</Link>,
          },
          {
            id: "schema",
            content: (each) => (
              <ExpandableSection headerText="Schema" variant="footer">
                <CodeBlock text={JSON.stringify(each.schema, null, 2)} label={`schema of ${each.name}`} low />
              </ExpandableSection>
            ),
          },
        ],
      }}
    />
  );
}

function signature({ schema }: TaskType): string {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, unknown>; required?: string[] };
  const names = Object.keys(properties);
  if (!names.length) return "none";
  return names.map((name) => (required.includes(name) ? name : `${name}?`)).join(", ");
}
