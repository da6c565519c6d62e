/** A moment in the user's zone; on hover in UTC, and how long ago. */

import { ago, time } from "@/lib/format";
import { useZone } from "@/lib/preferences";

export function Time({ at, none = "–" }: { at: string | null | undefined; none?: string }) {
  const zone = useZone();
  if (!at) return <>{none}</>;
  const other = zone === "utc" ? time(at, "local") : time(at, "utc");
  return (
    <time dateTime={at} title={`${other} · ${ago(at)}`} className="nowrap">
      {time(at, zone)}
    </time>
  );
}
