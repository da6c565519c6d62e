import { expect, test } from "vitest";
import { rendered } from "@/components/snippets";

const spec = {
  task_type: "cpu",
  name: "it's monday",
  grid: { lr: [0.1, 0.01], seed: { range: [0, 9] } },
  params: { n: 5, label: "a b", deep: null },
};

test("a command quotes what a shell would take apart", () => {
  expect(rendered("cli", spec, "http://api")).toBe(
    [
      "shoal submit cpu",
      "--grid lr=0.1,0.01",
      "--grid seed=0..9",
      "-p n=5",
      "-p 'label=a b'",
      "-p deep=null",
      `--name 'it'"'"'s monday'`,
    ].join(" \\\n  "),
  );
});

test("Python says None where JSON says null", () => {
  expect(rendered("python", spec, "http://api")).toContain('params={"n": 5, "label": "a b", "deep": None}');
});
