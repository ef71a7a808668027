import { parseCron } from "./index.ts";

/** The next so many times after one. */
async function timesAfter(after: string, cron: string, timeZone?: string): Promise<string[]> {
  const timetable = await parseCron(cron, timeZone);
  const times: string[] = [];
  for (let at = Date.parse(after); times.length < 3;) {
    at = timetable.next(at) ?? NaN;
    times.push(new Date(at).toISOString().replace(":00.000Z", ""));
  }
  return times;
}

describe("parseCron", () => {
  it.each([
    ["* * * * *", ["2026-01-01T00:01", "2026-01-01T00:02", "2026-01-01T00:03"]],
    ["*/20 * * * *", ["2026-01-01T00:20", "2026-01-01T00:40", "2026-01-01T01:00"]],
    ["0 9-10,14 * * *", ["2026-01-01T09:00", "2026-01-01T10:00", "2026-01-01T14:00"]],
    ["0 0 * FEB,mar 0", ["2026-02-01T00:00", "2026-02-08T00:00", "2026-02-15T00:00"]],
    ["0 0 * 2 7", ["2026-02-01T00:00", "2026-02-08T00:00", "2026-02-15T00:00"]],
    ["0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]],
  ])("knows when %s is", async (cron, times) => {
    expect(await timesAfter("2026-01-01T00:00:00Z", cron)).toEqual(times);
  });

  it("takes a day of the month or a day of the week when both are given, as cron does", async () => {
    const times = ["2026-01-04T00:00", "2026-01-05T00:00", "2026-01-11T00:00"];
    expect(await timesAfter("2026-01-01T00:00:00Z", "0 0 5 * SUN")).toEqual(times);
  });

  it("gives the time after this one, also when this is one of them", async () => {
    const times = ["2026-01-01T00:01", "2026-01-01T00:02", "2026-01-01T00:03"];
    expect(await timesAfter("2026-01-01T00:00:00.001Z", "* * * * *")).toEqual(times);
    expect(await timesAfter("2026-01-01T00:00:59.999Z", "* * * * *")).toEqual(times);
  });

  it("counts in the time zone, summer time included", async () => {
    const times = ["2026-03-28T08:00", "2026-03-29T07:00", "2026-03-30T07:00"];
    expect(await timesAfter("2026-03-27T12:00:00Z", "0 9 * * *", "Europe/Paris")).toEqual(times);
  });

  it.each([
    ["five fields", "0 0 * *", "UTC", "cron"],
    ["a time", "0 0 31 4,6 *", "UTC", "cron"],
    ["a time zone", "0 0 * * *", "+01:00", "timeZone"],
  ])("says what is wrong when there is not %s", async (_, cron, timeZone, path) => {
    await expect(parseCron(cron, timeZone)).rejects.toMatchObject({ code: "invalid_argument", details: { path } });
  });
});
