import { expect, test } from "vitest";
import { renderSubmission, renderClone } from "@/components/code-snippets";

const spec = {
  task_type: "cpu",
  name: "it's monday",
  grid: { lr: [0.1, 0.01], seed: { range: [0, 9] } },
  params: { n: 5, label: "a b", deep: null },
};

test("the CLI command quotes words with special characters", () => {
  expect(renderSubmission("cli", spec, "http://api")).toBe(
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

test("Python code has None for null", () => {
  expect(renderSubmission("python", spec, "http://api")).toContain('params={"n": 5, "label": "a b", "deep": None}');
});

test("the CLI command quotes strings that would parse as numbers", () => {
  const texts = { task_type: "cpu", grid: { tag: ["5", "a"] }, params: { label: "5", flag: "true", plain: "x" } };

  expect(renderSubmission("cli", texts, "http://api")).toBe(
    ["shoal submit cpu", `--grid 'tag="5",a'`, `-p 'label="5"'`, `-p 'flag="true"'`, "-p plain=x"].join(" \\\n  "),
  );
});

test("a clone refers to the job by its ID", () => {
  expect(renderClone("cli", "job_1", "http://api")).toBe("shoal clone job_1");
  expect(renderClone("curl", "job_1", "http://api")).toMatch(/-X POST .*http:\/\/api\/api\/v1\/jobs\/job_1\/clone$/s);
  expect(renderClone("python", "job_1", "http://api")).toContain('shoal.job("job_1").clone()');
});
