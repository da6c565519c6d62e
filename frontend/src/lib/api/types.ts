/** Short names for the schemas of the API. */

import type { components } from "@/lib/api/schema";

type Bodies = components["schemas"];

export type Job = Bodies["JobBody"];
export type JobPage = Bodies["JobPageBody"];
export type JobStatus = Bodies["JobStatus"];
export type JobSubmission = Bodies["JobSubmission"];
export type Counts = Bodies["CountsBody"];
export type Task = Bodies["TaskBody"];
export type TaskStatus = Bodies["TaskStatus"];
export type TaskPage = Bodies["TaskPageBody"];
export type Attempt = Bodies["AttemptBody"];
export type AttemptPage = Bodies["AttemptsBody"];
export type AttemptOutcome = Bodies["AttemptOutcome"];
export type TaskType = Bodies["TaskTypeBody"];
export type Cause = Bodies["CauseBody"];
export type Failures = Bodies["FailuresBody"];
export type Event = Bodies["EventBody"];
export type Action = Bodies["Action"];
export type Worker = Bodies["WorkerBody"];
export type WorkerState = Bodies["Presence"];
export type Queue = Bodies["QueueBody"];
export type Priority = Bodies["Priority"];
export type Tenant = Bodies["TenantBody"];
export type ApiClient = Bodies["MachineBody"];
export type DeadLetterGroup = Bodies["DeadLettersBody"];
export type DeadLetterCause = Bodies["DeadCause"];
export type ResultPage = Bodies["ResultPageBody"];
export type Export = Bodies["ExportBody"];
export type Missing = Bodies["MissingBody"];
export type MissingWhy = Bodies["MissingWhy"];
export type LimitsSetting = Bodies["LimitsSetting"];
export type Webhook = Bodies["WebhookBody"];
export type WebhookSecret = Bodies["WebhookSecretBody"];
export type Delivery = Bodies["DeliveryBody"];
export type EventType = Bodies["EventType"];
export type CloneRequest = Bodies["CloneRequest"];
export type BulkAction = Bodies["BulkActionBody"];
export type BulkRequest = Bodies["BulkRequest"];
export type BulkVerb = Bodies["BulkVerb"];
export type BulkStatus = Bodies["BulkStatus"];
/** All fields are optional, because the API fills in defaults. */
export type BulkFilter = Partial<Bodies["BulkFilter"]>;
export type ChangeRequest = Bodies["ChangeRequest"];
