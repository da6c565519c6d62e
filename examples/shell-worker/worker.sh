#!/usr/bin/env bash
# A Shoal worker in shell: curl and jq, one slot, the task type `shout`, the queue `low`.
# docs/reference/worker-protocol.md describes the calls. README.md lists the omitted features.
set -uo pipefail
worker="$(hostname)-$$" lease=${SHOAL_LEASE_SECONDS:-60} queue=$SHOAL_QUEUE_LOW_URL leaving="" own=$(mktemp -d)
trap 'leaving=1' TERM INT
trap 'rm -r "$own"' EXIT

# The task reads its input as JSON from stdin and writes its result as JSON to stdout. An exit code other than 0 fails it.
shout() { local given; given=$(cat) && sleep "$(jq '.pause // 0' <<< "$given")" && jq 'if .text == "" then error("no text") else .text | ascii_upcase end' <<< "$given"; }
export -f shout
schema='{"type": "object", "properties": {"text": {"type": "string"}, "pause": {"type": "number"}}, "required": ["text"], "additionalProperties": false}'

signed() { # SERVICE URL BODY HEADER…: prints the response; retries while the service is unavailable, fails on a rejection
  local service=$1 url=$2 body=$3 status text; shift 3
  while :; do
    text=$(curl -sS --max-time 35 --aws-sigv4 "aws:amz:$AWS_REGION:$service" "${@/#/-H}" -w '\n%{http_code}' \
      -K <(printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY") \
      ${AWS_SESSION_TOKEN:+-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN"} --data-binary @<(printf %s "$body") "$url")
    status=${text##*$'\n'} text=${text%$'\n'*}
    case $status in 2*) printf %s "$text"; return;; 000 | 429 | 5*) sleep "0.$RANDOM";; *) echo "$status $text" >&2; return 1;; esac
  done
}
api() { signed execute-api "$SHOAL_API_URL/api/v1/$1" "$(jq -c --arg w "$worker" '. + {worker: $w}')" "Content-Type: application/json"; }
sqs() { signed sqs "${queue%/*/*}/" "$(jq -c --arg q "$queue" '. + {QueueUrl: $q}')" "Content-Type: application/x-amz-json-1.0" "X-Amz-Target: AmazonSQS.$1"; }
hide() { jq -n --arg r "$1" --argjson s "$2" '{ReceiptHandle: $r, VisibilityTimeout: ($s | ceil)}' | sqs ChangeMessageVisibility > /dev/null; }
report() { # LEASE NUMBER FINAL, with outcomes as lines on stdin: prints the decision
  jq -cs --argjson l "$1" --argjson n "$2" --argjson f "$3" '{reports: [$l + {report: $n, final: $f, outcomes: .}]}' |
    api reports | jq -r '.reports[0].decision'
}
beat() { jq -n --argjson l "$1" --argjson i "$(cat "$own/task")" '{leases: [$l + {index: $i}]}' | api heartbeats | jq -r '.leases[0].decision'; } # LEASE: names the current task
send_heartbeats() { # LEASE RECEIPT: extends lease and visibility; ends the current task when the lease is lost
  while sleep "$((lease / 3 + 1))"; do
    decision=$(beat "$1") || decision=extended # the lease first; neither call skips the other
    hide "$2" "$lease"
    [ "$decision" = extended ] || { echo "$decision" > "$own/lost"; pkill -P "$(cat "$own/running")"; return; }
  done
}
attempt() { # TASK INPUT SECONDS: prints the outcome
  local began; began=$(date -u +%FT%T.%3NZ); local since=$SECONDS type="" code=0
  timeout "$3" bash -c shout <<< "$2" > "$own/out" 2> "$own/err" || code=$?
  [ $code = 0 ] && [ "$(wc -c < "$own/out")" -gt 100000 ] && type=ResultTooLarge
  [ $code = 124 ] && type=Timeout || { [ $code != 0 ] && type=Failed; }
  jq -cn --argjson t "$1" --arg at "$began" --argjson took $((SECONDS - since)) --arg type "$type" --slurpfile out <([ -n "$type" ] || cat "$own/out") \
    --arg err "$(tail -c 2000 "$own/err" | tr -cd '[:print:]\n')" '{index: $t.index, attempt: $t.attempt, started_at: $at, duration: $took} +
    if $type == "" then {outcome: "completed", result: $out[0]} else {outcome: "failed", error: {type: $type, message: $err, retryable: true}} end'
}
work() { # GRANT RECEIPT: runs the tasks in order; prints the last decision
  local key number=1 heartbeats task input lines="" decision=accepted; key=$(jq -c '{job_id, chunk, epoch} + if .token then {token} else {} end' <<< "$1")
  : > "$own/outcomes"; echo null > "$own/task"; rm -f "$own/lost"; echo $BASHPID > "$own/running"
  send_heartbeats "$key" "$2" < /dev/null & heartbeats=$!
  jq -e '.inputs.url' <<< "$1" > /dev/null &&
    lines=$(curl -sS --max-time 120 -K <(jq -r '.inputs | "url = \"\(.url)\"", (.headers | to_entries[] | "header = \"\(.key): \(.value)\"")' <<< "$1"))
  while read -r task <&3 && [ -z "$leaving" ] && [ ! -e "$own/lost" ]; do
    jq .index <<< "$task" > "$own/task"
    if [ "$(jq .isolated <<< "$1")" = true ]; then # the name is acknowledged before the task starts: it may kill this machine
      decision=$(beat "$key"); [ "$decision" = extended ] || { echo "$decision" > "$own/lost"; break; }
      decision=accepted
    fi
    input=$(jq -c --argjson t "$task" --arg lines "$lines" '(.params // {}) + (if $t.line then $lines | split("\n")[$t.line] | fromjson else $t.input // {} end)' <<< "$1")
    attempt "$task" "$input" "$(jq .timeout <<< "$1")" >> "$own/outcomes"
    [ -e "$own/lost" ] || [ "$(jq .isolated <<< "$1")" != true ] && continue
    decision=$(report "$key" $((number++)) false < "$own/outcomes") && : > "$own/outcomes"; [ "$decision" = accepted ] || break
  done 3< <([ "$(jq -r .task_type <<< "$1")" = shout ] && jq -c '.tasks[]' <<< "$1")
  kill $heartbeats; wait $heartbeats 2> /dev/null
  if [ -e "$own/lost" ]; then cat "$own/lost"; elif [ "$decision" = accepted ]; then report "$key" "$number" true < "$own/outcomes"; else echo "$decision"; fi
}

registered=$(jq -n --argjson s "$schema" '{task_types: [{name: "shout", schema: $s}]}' | api workers) || exit 1
protocol=$(jq '.protocol // 1' <<< "$registered") more='{}'
[ "$protocol" -ge 2 ] && more='{"task_types": ["shout"]}'; [ "$protocol" -ge 3 ] && more='{"task_types": ["shout"], "tokens": true}'
echo "$worker offers shout"
while [ -z "$leaving" ]; do
  message=$(jq -n --argjson l "$lease" '{MaxNumberOfMessages: 1, WaitTimeSeconds: 5, VisibilityTimeout: $l}' | sqs ReceiveMessage | jq -c '.Messages[0] // empty')
  [ -n "$message" ] || continue
  receipt=$(jq -r .ReceiptHandle <<< "$message") id=$(od -An -N32 -tx1 /dev/urandom | tr -d " \n") # the token of the lease follows from it
  grant=$(jq --arg id "$id" --argjson more "$more" '(.Body | fromjson | {request_id: $id, chunks: [{job_id: .job, chunk}]}) + $more' <<< "$message" | api leases | jq -c '.leases[0]') || continue
  decision=$(jq -r .decision <<< "$grant")
  [ "$decision" = held ] && { hide "$receipt" "$(jq ".retry_after // $lease" <<< "$grant")"; continue; }
  [ "$decision" = granted ] && decision=$(work "$grant" "$receipt")
  echo "$(jq -r '"\(.job_id) chunk \(.chunk) epoch \(.epoch // "-")"' <<< "$grant"): $decision"
  case $decision in accepted | cancelled | done | paused | type_not_offered) jq -n --arg r "$receipt" '{ReceiptHandle: $r}' | sqs DeleteMessage > /dev/null;; esac
  if [ "$decision" = type_not_offered ]; then sleep "$(jq '.retry_after // 0' <<< "$grant")" & wait $!; fi # others offer the type
done
