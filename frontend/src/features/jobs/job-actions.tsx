/** The buttons of a job: what its state allows, each confirmed. */

import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import { useState } from "react";
import { useIsPhone } from "@/components/phone";
import { RefreshControl } from "@/components/refresh";
import type { Job } from "@/lib/api/types";
import { allowed, type Verb, VERB_NAMES } from "./api";
import { SteerConfirm } from "./steer";

export function JobActions({ job }: { job: Job }) {
  const [asking, setAsking] = useState<Verb | null>(null);
  const can = allowed(job);
  const phone = useIsPhone();
  const verbs: Verb[] = ["retry", job.paused ? "resume" : "pause", "cancel"];
  const clone = { id: "clone", text: "Clone", href: `/jobs/new?from=${job.id}` };
  return (
    <>
      <div className="buttons">
        <RefreshControl pushed />
        {phone ? (
          <ButtonDropdown
            items={[...verbs.map((verb) => ({ id: verb, text: VERB_NAMES[verb], disabled: !can[verb] })), clone]}
            onItemClick={({ detail }) => {
              if (detail.id !== "clone") setAsking(detail.id as Verb);
            }}
          >
            Actions
          </ButtonDropdown>
        ) : (
          <>
            {verbs.map((verb) => (
              <Button key={verb} disabled={!can[verb]} onClick={() => setAsking(verb)}>
                {VERB_NAMES[verb]}
              </Button>
            ))}
            <Button href={clone.href}>{clone.text}</Button>
          </>
        )}
      </div>
      {asking && <SteerConfirm verb={asking} job={job} onClose={() => setAsking(null)} />}
    </>
  );
}
