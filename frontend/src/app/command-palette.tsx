/** The command palette: opens screens and jobs, and runs commands, by keyboard. */

import Box from "@cloudscape-design/components/box";
import Input, { type InputProps } from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { NAVIGATION } from "@/app/screens";
import { JobStatusIndicator } from "@/components/status-indicators";
import { useJobSearch } from "@/features/jobs/api";
import { jobHref, jobTitle } from "@/lib/job";
import { theme } from "@/lib/preferences";
import "./command-palette.css";

interface Command {
  id: string;
  text: string;
  hint?: React.ReactNode;
  run: () => void;
}

export function CommandPalette({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const [text, setText] = useState("");
  const input = useRef<InputProps.Ref>(null);
  // The dialog focuses its first button when it opens.
  useEffect(() => {
    const timer = setTimeout(() => input.current?.focus(), 50);
    return () => clearTimeout(timer);
  }, []);
  const [selected, setSelected] = useState(0);
  const open = (href: string) => () => void router.navigate({ to: href });
  const search = text.trim();
  const commands: Command[] = [
    ...useJobSearch(search).map((job) => ({
      id: job.id,
      text: jobTitle(job),
      hint: <JobStatusIndicator job={job} />,
      run: open(jobHref(job.id)),
    })),
    ...NAVIGATION.map(({ text: title, href }) => ({ id: href, text: title, hint: "Page", run: open(href) })),
    { id: "dark", text: "Dark theme", hint: "Theme", run: () => theme.set("dark") },
    { id: "light", text: "Light theme", hint: "Theme", run: () => theme.set("light") },
  ].filter(({ id, text: title }) => `${title} ${id}`.toLowerCase().includes(search.toLowerCase()));
  const current = Math.min(selected, commands.length - 1);

  function run(command: Command | undefined): void {
    if (!command) return;
    onClose();
    command.run();
  }

  return (
    <Modal visible header="Search" onDismiss={onClose}>
      <SpaceBetween size="s">
        <Input
          ref={input}
          type="search"
          ariaLabel="Search"
          placeholder="Job name, job ID or page"
          value={text}
          controlId="palette-input"
          nativeInputAttributes={{
            role: "combobox",
            "aria-expanded": true,
            "aria-controls": "palette-list",
            "aria-activedescendant": commands.length ? `palette-${current}` : undefined,
          }}
          onChange={({ detail }) => {
            setText(detail.value);
            setSelected(0);
          }}
          onKeyDown={(event) => {
            const { key } = event.detail;
            if (key === "ArrowDown") setSelected(Math.min(current + 1, commands.length - 1));
            else if (key === "ArrowUp") setSelected(Math.max(current - 1, 0));
            else if (key === "Enter") run(commands[current]);
            else return;
            event.preventDefault();
          }}
        />
        <ul id="palette-list" role="listbox" aria-label="Matches" className="palette">
          {commands.map((each, i) => (
            <li
              key={each.id}
              id={`palette-${i}`}
              role="option"
              aria-selected={i === current}
              className={i === current ? "palette-item palette-item-selected" : "palette-item"}
              onPointerDown={() => run(each)}
            >
              <span className="break">{each.text}</span>
              <span className="nowrap">{each.hint}</span>
            </li>
          ))}
        </ul>
        {!commands.length && <Box color="text-body-secondary">No matches</Box>}
      </SpaceBetween>
    </Modal>
  );
}
