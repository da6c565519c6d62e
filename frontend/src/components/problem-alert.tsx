/** An alert for a failed request, with the next step for the user and the request ID for the logs. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { describeStatus, Problem } from "@/lib/api/problem";
import { toSentence } from "@/lib/format";

export function ProblemAlert({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof Problem ? error : new Problem(500, String(error));
  const { title, action } = describeStatus(problem.status);
  return (
    <Alert
      type={problem.status === 404 || problem.status === 429 ? "warning" : "error"}
      header={title}
      action={retry && <Button onClick={retry}>Try again</Button>}
    >
      <SpaceBetween size="xxs">
        <div>{toSentence(problem.detail)}</div>
        {!problem.detail.endsWith(action) && <div>{action}</div>}
        {problem.fields.map((each) => (
          <div key={`${each.field} ${each.message}`}>
            <code>{each.field}</code> {each.message}
          </div>
        ))}
        {problem.requestId && (
          <Box variant="small" color="inherit">
            Request ID: <code>{problem.requestId}</code>
          </Box>
        )}
      </SpaceBetween>
    </Alert>
  );
}
