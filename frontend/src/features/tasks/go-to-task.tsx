/** A form that opens a task by its index. */

import Button from "@cloudscape-design/components/button";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";

export function GoToTask({ taskHref }: { taskHref: (index: number) => string }) {
  const [text, setText] = useState("");
  const valid = /^\d+$/.test(text);
  return (
    <form
      className="go-to-task"
      onSubmit={(event) => {
        event.preventDefault();
        event.currentTarget.querySelector("a")?.click();
      }}
    >
      <Input
        value={text}
        inputMode="numeric"
        placeholder="Task index"
        ariaLabel="Task index"
        invalid={text !== "" && !valid}
        onChange={({ detail }) => setText(detail.value.trim())}
      />
      <Button disabled={!valid} href={valid ? taskHref(Number(text)) : "#"}>
        Go to task
      </Button>
    </form>
  );
}
