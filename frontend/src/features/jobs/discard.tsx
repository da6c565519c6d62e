/** Leave failed tasks for good, all or of one cause, with a reason that everybody can read. */

import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { Confirm } from "@/components/confirm";
import type { Job } from "@/lib/api/types";
import { plural } from "@/lib/format";
import { titleOf, useDiscard } from "./api";
import { discardEffect } from "./effects";
import type { CauseChosen } from "./retry-some";

const LONGEST = 500;

export interface DiscardConfirmProps {
  job: Job;
  tasks: number;
  cause?: CauseChosen;
  onClose: () => void;
}

export function DiscardConfirm({ job, tasks, cause, onClose }: DiscardConfirmProps) {
  const discard = useDiscard();
  const [reason, setReason] = useState("");
  const said = reason.trim();
  return (
    <Confirm
      header={cause ? `Discard ${plural(tasks, "task")}?` : `Discard what failed of ${titleOf(job)}?`}
      verb="Discard"
      busy={discard.isPending}
      ready={said !== "" && said.length <= LONGEST}
      onDismiss={onClose}
      onConfirm={() =>
        discard.mutate(
          { job, which: cause ? { cause: cause.fingerprint } : { all: true }, reason: said },
          { onSettled: onClose },
        )
      }
    >
      <SpaceBetween size="m">
        <div>{discardEffect(tasks, cause?.words ?? null)}</div>
        <FormField
          label="Reason"
          description="Shown at the job and in its events."
          {...(said.length > LONGEST ? { errorText: `At most ${LONGEST} characters` } : {})}
        >
          <Input value={reason} placeholder="Bad inputs, say" onChange={({ detail }) => setReason(detail.value)} />
        </FormField>
      </SpaceBetween>
    </Confirm>
  );
}
