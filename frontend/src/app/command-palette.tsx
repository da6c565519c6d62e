/** Go anywhere by keyboard: places, jobs by name or id, and what can be done here. */

import Box from "@cloudscape-design/components/box";
import Input, { type InputProps } from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { JobStatusIndicator } from "@/components/status-indicators";
import { jobHref } from "@/features/jobs/job-columns";
import { jobQuery, jobsQuery, jobTitle } from "@/features/jobs/api";
import { useApi } from "@/lib/api/context";
import type { Job } from "@/lib/api/types";
import { theme } from "@/lib/preferences";
import { NAVIGATION } from "@/app/navigation";
import "./command-palette.css";

interface Command {
  id: string;
  text: string;
  hint?: React.ReactNode;
  go: () => void;
}

const JOB_ID = /^job_[0-9A-Z]{26}/;

export function CommandPalette({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const [text, setText] = useState("");
  const input = useRef<InputProps.Ref>(null);
  // The dialog puts the focus on its first button as it opens; a palette is for typing.
  useEffect(() => {
    const later = setTimeout(() => input.current?.focus(), 50);
    return () => clearTimeout(later);
  }, []);
  const [at, setAt] = useState(0);
  const to = (href: string) => () => void router.navigate({ to: href });
  const choices: Command[] = [
    ...useFoundJobs(text.trim()).map((job) => ({
      id: job.id,
      text: jobTitle(job),
      hint: <JobStatusIndicator job={job} />,
      go: to(jobHref(job.id)),
    })),
    ...NAVIGATION.map(({ text: name, href }) => ({ id: href, text: name, hint: "Place", go: to(href) })),
    { id: "dark", text: "Dark theme", hint: "Theme", go: () => theme.set("dark") },
    { id: "light", text: "Light theme", hint: "Theme", go: () => theme.set("light") },
  ].filter(({ id, text: name }) => `${name} ${id}`.toLowerCase().includes(text.trim().toLowerCase()));
  const chosen = Math.min(at, choices.length - 1);

  function take(choice: Command | undefined): void {
    if (!choice) return;
    onClose();
    choice.go();
  }

  return (
    <Modal visible header="Find" onDismiss={onClose}>
      <SpaceBetween size="s">
        <Input
          ref={input}
          type="search"
          ariaLabel="Find"
          placeholder="A job's name or id, or a place"
          value={text}
          controlId="palette-input"
          nativeInputAttributes={{
            role: "combobox",
            "aria-expanded": true,
            "aria-controls": "palette-list",
            "aria-activedescendant": choices.length ? `palette-${chosen}` : undefined,
          }}
          onChange={({ detail }) => {
            setText(detail.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            const { key } = event.detail;
            if (key === "ArrowDown") setAt(Math.min(chosen + 1, choices.length - 1));
            else if (key === "ArrowUp") setAt(Math.max(chosen - 1, 0));
            else if (key === "Enter") take(choices[chosen]);
            else return;
            event.preventDefault();
          }}
        />
        <ul id="palette-list" role="listbox" aria-label="Found" className="palette">
          {choices.map((each, i) => (
            <li
              key={each.id}
              id={`palette-${i}`}
              role="option"
              aria-selected={i === chosen}
              className={i === chosen ? "palette-item palette-chosen" : "palette-item"}
              onPointerDown={() => take(each)}
            >
              <span className="break">{each.text}</span>
              <span className="nowrap">{each.hint}</span>
            </li>
          ))}
        </ul>
        {!choices.length && <Box color="text-body-secondary">Nothing is called so.</Box>}
      </SpaceBetween>
    </Modal>
  );
}

/** Jobs whose name begins so, or the one with this id. */
function useFoundJobs(text: string): Job[] {
  const api = useApi();
  const wanted = useDeferredValue(text);
  const isId = JOB_ID.test(wanted);
  const filter = { statuses: [], type: null, name: wanted || null, tag: null, age: null };
  const named = useQuery({ ...jobsQuery(api, { filter, limit: 8, after: null }), enabled: !isId });
  const one = useQuery({ ...jobQuery(api, wanted.slice(0, 30)), enabled: isId, retry: false });
  if (isId) return one.data ? [one.data] : [];
  return named.data?.items ?? [];
}
