/** The task types that workers have registered, with their schemas. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Cards from "@cloudscape-design/components/cards";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import TextFilter from "@cloudscape-design/components/text-filter";
import { CodeBlock } from "@/components/code-block";
import { ProblemAlert } from "@/components/problem-alert";
import { TextWithCode } from "@/components/text-with-code";
import type { TaskType } from "@/lib/api/types";
import { formatDuration, formatNumber, pluralize } from "@/lib/format";
import { useTaskTypes } from "./api";

export function TaskTypes({ search, onSearch }: { search: string; onSearch: (text: string) => void }) {
  const { data, error, isError, isPending, refetch } = useTaskTypes();
  const all = data ?? [];
  const matching = all.filter((each) => each.name.toLowerCase().includes(search.toLowerCase()));
  return (
    <Cards<TaskType>
      variant="full-page"
      trackBy="name"
      items={matching}
      loading={isPending}
      loadingText="Loading task types"
      cardsPerRow={[{ cards: 1 }, { minWidth: 900, cards: 2 }]}
      header={
        <Header variant="h1" counter={`(${all.length})`} description="The functions that workers can run as tasks">
          Task types
        </Header>
      }
      filter={
        <TextFilter
          filteringText={search}
          filteringPlaceholder="Find task types"
          filteringAriaLabel="Find task types"
          countText={pluralize(matching.length, "match", "matches")}
          onChange={({ detail }) => onSearch(detail.filteringText)}
        />
      }
      empty={
        isError ? (
          <ProblemAlert error={error} retry={() => void refetch()} />
        ) : all.length ? (
          <Box textAlign="center" color="inherit" padding="l" variant="strong">
            No matching task types
          </Box>
        ) : (
          <NoTaskTypes />
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
          { id: "description", content: (each) => <TextWithCode text={each.description || "No description"} /> },
          {
            id: "parameters",
            header: "Parameters",
            content: (each) => <span className="mono">{describeParameters(each)}</span>,
          },
          {
            id: "timeout",
            header: "Timeout",
            width: 25,
            content: (each) => (each.timeout === null ? "None" : formatDuration(each.timeout)),
          },
          {
            id: "attempts",
            header: "Max attempts",
            width: 25,
            content: (each) => formatNumber(each.retry?.max_attempts ?? 1),
          },
          {
            id: "mean",
            header: "Mean duration",
            width: 25,
            content: (each) => (each.mean_seconds === null ? "–" : formatDuration(each.mean_seconds)),
          },
          {
            id: "jobs",
            header: "Jobs",
            width: 25,
            content: (each) => <Link href={`/jobs?type=${encodeURIComponent(each.name)}`}>View jobs</Link>,
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

const NoTaskTypes = () => (
  <Box textAlign="center" color="inherit" padding="l">
    <Box variant="strong">No task types</Box>
    <Box variant="p">Start a worker to register its task types:</Box>
    <div className="narrow">
      <CodeBlock text="shoal worker run" label="command" />
    </div>
  </Box>
);

/** The names of the parameters. Optional parameters end with a question mark. */
function describeParameters({ schema }: TaskType): string {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, unknown>; required?: string[] };
  const names = Object.keys(properties);
  if (!names.length) return "None";
  return names.map((name) => (required.includes(name) ? name : `${name}?`)).join(", ");
}
