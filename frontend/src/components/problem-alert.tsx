/** A request that failed: what it means, what to do, and the id that finds it in the logs. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Problem, describeStatus } from "@/lib/api/problem";
import { toSentence } from "@/lib/notifications";

export function ProblemAlert({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof Problem ? error : new Problem(500, String(error));
  const { title, action: way } = describeStatus(problem.status);
  return (
    <Alert
      type={problem.status === 404 || problem.status === 429 ? "warning" : "error"}
      header={title}
      action={retry && <Button onClick={retry}>Try again</Button>}
    >
      <SpaceBetween size="xxs">
        <div>{toSentence(problem.detail)}</div>
        {!problem.detail.endsWith(way) && <div>{way}</div>}
        {problem.fields.map((each) => (
          <div key={`${each.field} ${each.message}`}>
            <code>{each.field}</code> {each.message}
          </div>
        ))}
        {problem.requestId && (
          <Box variant="small" color="inherit">
            Request id <code>{problem.requestId}</code>
          </Box>
        )}
      </SpaceBetween>
    </Alert>
  );
}
