/** A time in the user's time zone. Its tooltip shows the other time zone and the age. */

import { formatRelativeTime, formatShortTime, formatTime } from "@/lib/format";
import { useTimeZone } from "@/lib/preferences";

export interface TimestampProps {
  at: string | null | undefined;
  emptyText?: string;
  /** Omits the current year. */
  short?: boolean;
}

export function Timestamp({ at, emptyText = "–", short = false }: TimestampProps) {
  const zone = useTimeZone();
  if (!at) return <>{emptyText}</>;
  const other = zone === "utc" ? formatTime(at, "local") : formatTime(at, "utc");
  return (
    <time dateTime={at} title={`${other} · ${formatRelativeTime(at)}`} className="nowrap">
      {short ? formatShortTime(at, zone) : formatTime(at, zone)}
    </time>
  );
}
