/** The empty states of the jobs table. */

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { CodeBlock } from "@/components/code-block";

const COMMAND = "shoal submit noop --count 1000 --name hello";

export function NoJobs() {
  return (
    <Box textAlign="center" color="inherit" padding={{ vertical: "l" }}>
      <SpaceBetween size="m">
        <div>
          <Box variant="strong" color="inherit">
            No jobs
          </Box>
          <Box variant="p" color="inherit">
            Create a job here, or submit one from a terminal:
          </Box>
        </div>
        <div className="narrow">
          <CodeBlock text={COMMAND} label="command" />
        </div>
        <Button href="/jobs/new">New job</Button>
      </SpaceBetween>
    </Box>
  );
}

export function NoMatchingJobs({ onClear }: { onClear: () => void }) {
  return (
    <Box textAlign="center" color="inherit" padding={{ vertical: "l" }}>
      <SpaceBetween size="s">
        <Box variant="strong" color="inherit">
          No matching jobs
        </Box>
        <Button onClick={onClear}>Clear filters</Button>
      </SpaceBetween>
    </Box>
  );
}
