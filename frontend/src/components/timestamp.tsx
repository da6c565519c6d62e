/** A moment in the user's zone; on hover in UTC, and how long ago. `brief` leaves out the year that it is. */

import { formatRelativeTime, formatShortTime, formatTime } from "@/lib/format";
import { useTimeZone } from "@/lib/preferences";

export interface TimestampProps {
  at: string | null | undefined;
  emptyText?: string;
  short?: boolean;
}

export function Timestamp({ at, emptyText: none = "–", short: brief = false }: TimestampProps) {
  const zone = useTimeZone();
  if (!at) return <>{none}</>;
  const other = zone === "utc" ? formatTime(at, "local") : formatTime(at, "utc");
  return (
    <time dateTime={at} title={`${other} · ${formatRelativeTime(at)}`} className="nowrap">
      {brief ? formatShortTime(at, zone) : formatTime(at, zone)}
    </time>
  );
}
