import { Alarm } from "./alarm.ts";
import type { Timetable } from "./parse-cron.ts";
import type { Schedule } from "./task-queue.ts";

export interface NewInProcessSchedule {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  /** JSON text. */
  readonly payload: string;
  readonly timetable: Timetable;
}

interface Kept extends NewInProcessSchedule {
  alarm: Alarm | undefined;
}

export interface InProcessSchedulesOptions {
  readonly now: () => number;
  /** Called when the time of a schedule has come. */
  readonly onDue: (queue: string, payload: string) => void;
}

/** The schedules of all queues. A time that passes while the process is held up counts once, however many there were. */
export class InProcessSchedules {
  readonly #options: InProcessSchedulesOptions;
  readonly #queues = new Map<string, Map<string, Kept>>();

  constructor(options: InProcessSchedulesOptions) {
    this.#options = options;
  }

  set(queue: string, schedule: NewInProcessSchedule): void {
    this.remove(queue, schedule.name);
    const schedules = this.#queues.get(queue) ?? new Map<string, Kept>();
    const kept: Kept = { ...schedule, alarm: undefined };
    this.#queues.set(queue, schedules.set(schedule.name, kept));
    this.#wind(queue, kept);
  }

  /** By name. */
  list(queue: string): Schedule[] {
    return [...(this.#queues.get(queue)?.values() ?? [])]
      .map(({ name, cron, timeZone, payload }) => ({ name, cron, timeZone, payload: JSON.parse(payload) as unknown }))
      .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  }

  remove(queue: string, name: string): void {
    const schedules = this.#queues.get(queue);
    schedules?.get(name)?.alarm?.stop();
    schedules?.delete(name);
    if (schedules?.size === 0) this.#queues.delete(queue);
  }

  clear(): void {
    for (const schedules of this.#queues.values()) for (const { alarm } of schedules.values()) alarm?.stop();
    this.#queues.clear();
  }

  #wind(queue: string, schedule: Kept): void {
    const { now, onDue } = this.#options;
    const at = schedule.timetable.next(now());
    if (at === undefined) return;
    schedule.alarm = new Alarm({ at, now }, () => {
      this.#wind(queue, schedule);
      onDue(queue, schedule.payload);
    });
  }
}
