/** A moment in the user's zone; on hover in UTC, and how long ago. `brief` leaves out the year that it is. */

import { ago, briefTime, time } from "@/lib/format";
import { useZone } from "@/lib/preferences";

export interface TimeProps {
  at: string | null | undefined;
  none?: string;
  brief?: boolean;
}

export function Time({ at, none = "–", brief = false }: TimeProps) {
  const zone = useZone();
  if (!at) return <>{none}</>;
  const other = zone === "utc" ? time(at, "local") : time(at, "utc");
  return (
    <time dateTime={at} title={`${other} · ${ago(at)}`} className="nowrap">
      {brief ? briefTime(at, zone) : time(at, zone)}
    </time>
  );
}
