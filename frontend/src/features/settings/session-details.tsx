/** The signed-in user, the user's access token, and how to use it from a terminal. */

import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { CodeBlock } from "@/components/code-block";
import { Timestamp } from "@/components/timestamp";
import { usePlatform } from "@/lib/api/context";
import { session, useUser } from "@/lib/auth/session";
import { notify } from "@/lib/notifications";
import { useStore } from "@/lib/store";

export function SessionDetails() {
  const user = useUser();
  const current = useStore(session);
  const expiresAt = current && new Date(current.expires).toISOString();
  const { auth, config } = usePlatform();

  async function copyToken(): Promise<void> {
    const token = await auth.token();
    if (token) await navigator.clipboard.writeText(token);
    notify({
      type: "success",
      header: "Access token copied",
      content: "Keep it secret: anyone who has it can act as you.",
    });
  }

  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <Button iconName="copy" onClick={() => void copyToken()}>
              Copy access token
            </Button>
          }
        >
          Session
        </Header>
      }
    >
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={3}
          items={[
            { label: "User", value: user?.name ?? "–" },
            { label: "Tenant", value: user?.tenant || "None" },
            { label: "Administrator", value: user?.admin ? "Yes" : "No" },
            { label: "Scopes", value: user?.scopes.join(", ") || "–" },
            { label: "Access token expires", value: <Timestamp at={expiresAt} /> },
          ]}
        />
        <FormField label="Call the API from a terminal" stretch>
          <CodeBlock
            text={`export SHOAL_TOKEN=…\ncurl -H "Authorization: Bearer $SHOAL_TOKEN" ${config.api}/api/v1/jobs`}
            label="command"
            low
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}
