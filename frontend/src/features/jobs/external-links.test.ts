import { expect, test } from "vitest";
import { makeJob } from "../../../tests/fake-network";
import { fillUrlTemplate } from "./external-links";

const template = "https://logs.test/#~(start~'{from}~end~'{until}~query~'{job}-{generation})";

test("a link contains the job's ID and its times, with ten minutes after its end", () => {
  const ended = makeJob({ id: "job_1", generation: 2, finished_at: "2026-11-26T11:00:00Z" });

  expect(fillUrlTemplate(template, ended)).toBe(
    "https://logs.test/#~(start~'2026-11-26T10*3A00*3A00.000Z~end~'2026-11-26T11*3A10*3A00.000Z~query~'job_1-2)",
  );
});

test("the end time of an open job is the current time", () => {
  const now = Date.parse("2026-11-26T12:00:00Z");

  expect(fillUrlTemplate("{until}", makeJob(), now)).toBe("2026-11-26T12*3A10*3A00.000Z");
});

test("there is no link without a template", () => {
  expect(fillUrlTemplate(null, makeJob())).toBeNull();
});
