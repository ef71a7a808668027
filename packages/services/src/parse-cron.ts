import { RuntimeError } from "@agentscope-runtime/protocol";

/** The times that a cron expression means. */
export interface Timetable {
  /** The first one after a time, both in milliseconds since 1970. Undefined when there is none. */
  next(after: number): number | undefined;
}

/**
 * The times that a cron expression means in an IANA time zone: five fields with numbers, names, lists, ranges and steps.
 * `invalid_argument` for everything that only some dialects of cron have, such as seconds, `@daily`, `L` or `#`, and when
 * there is no such time, as on 31 February.
 */
export async function parseCron(cron: string, timeZone = "UTC"): Promise<Timetable> {
  if (!isTimeZone(timeZone)) throw invalid("timeZone", "This is not an IANA time zone, such as Europe/Paris.");
  if (!fiveFields.test(cron)) throw invalid("cron", whatCronHas);
  // Loaded when it is needed: most who import this package schedule nothing.
  const { Cron } = await import("croner");
  const timetable = attempt(() => {
    const times = new Cron(cron, { mode: "5-part", timezone: timeZone });
    return { next: (after: number) => times.nextRun(new Date(after))?.getTime() };
  });
  if (timetable.next(Date.now()) === undefined) throw invalid("cron", "There is no such day in any year.");
  return timetable;
}

/** Months and days of the week may be names, which have three letters. */
const fiveFields = /^\s*(?:[\d*,/-]+\s+){3}(?:[\d*,/-]|[a-z]{3})+\s+(?:[\d*,/-]|[a-z]{3})+\s*$/iu;
const whatCronHas = "A schedule has cron's five fields: minute, hour, day of month, month and day of week.";

function attempt(parse: () => Timetable): Timetable {
  try {
    return parse();
  } catch (cause) {
    throw invalid("cron", whatCronHas, cause);
  }
}

/** Offsets such as +01:00 are none, though `Intl` takes them. */
function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone !== "" && /^[a-z]/iu.test(timeZone);
  } catch {
    return false;
  }
}

function invalid(path: string, message: string, cause?: unknown): RuntimeError {
  return new RuntimeError("invalid_argument", message, { details: { path }, cause });
}
