/** Go to a task by its number. */

import Button from "@cloudscape-design/components/button";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";

export function GoToTask({ href }: { href: (index: number) => string }) {
  const [text, setText] = useState("");
  const right = /^\d+$/.test(text);
  return (
    <form
      className="open-task"
      onSubmit={(event) => {
        event.preventDefault();
        event.currentTarget.querySelector("a")?.click();
      }}
    >
      <Input
        value={text}
        inputMode="numeric"
        placeholder="Task number"
        ariaLabel="Task number"
        invalid={text !== "" && !right}
        onChange={({ detail }) => setText(detail.value.trim())}
      />
      <Button disabled={!right} href={right ? href(Number(text)) : "#"}>
        Open
      </Button>
    </form>
  );
}
