import { expect, test } from "vitest";
import { makeJob } from "../../../tests/fake-network";
import { fillLink } from "./external-links";

const address = "https://logs.test/#~(start~'{from}~end~'{until}~query~'{job}-{generation})";

test("a page about a job is asked for its id and the time in which it lived, and a little more", () => {
  const ended = makeJob({ id: "job_1", generation: 2, finished_at: "2026-11-26T11:00:00Z" });

  expect(fillLink(address, ended)).toBe(
    "https://logs.test/#~(start~'2026-11-26T10*3A00*3A00.000Z~end~'2026-11-26T11*3A10*3A00.000Z~query~'job_1-2)",
  );
});

test("a job that goes on is looked at until now", () => {
  const now = Date.parse("2026-11-26T12:00:00Z");

  expect(fillLink("{until}", makeJob(), now)).toBe("2026-11-26T12*3A10*3A00.000Z");
});

test("where there is no such page there is no address", () => {
  expect(fillLink(null, makeJob())).toBeNull();
});
