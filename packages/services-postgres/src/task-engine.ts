import { PgBoss } from "pg-boss";
import type { Db } from "pg-boss";
import type { Database } from "./database.ts";

export interface TaskEngineOptions {
  readonly database: Database;
  /** After so many seconds without a sign of life a worker is dead. */
  readonly deadAfterSeconds: number;
  /** There may be work in the queue of this name; undefined: in any. */
  readonly onWork: (queueName: string | undefined) => void;
}

/** How often the engine looks for schedules that are due, and for tasks of theirs. */
const scheduleSeconds = 5;
const scheduledTaskSeconds = 2;

/** How often the engine looks for dead workers in the time that one needs to be dead. */
const looksForDead = 3;

/** pg-boss on our connections, in a schema beside ours: it keeps the tasks and who has them; the work is done by us. */
export async function openTaskEngine({ database, deadAfterSeconds, onWork }: TaskEngineOptions): Promise<PgBoss> {
  const boss = new PgBoss({
    db: toBossDatabase(database, onWork),
    schema: `${database.schema}_tasks`,
    backend: database.isPGlite ? "pglite" : "postgres",
    useListenNotify: true,
    superviseIntervalSeconds: Math.ceil(deadAfterSeconds / looksForDead),
    monitorIntervalSeconds: Math.ceil(deadAfterSeconds / looksForDead),
    cronMonitorIntervalSeconds: scheduleSeconds,
    cronWorkerIntervalSeconds: scheduledTaskSeconds,
    registerInstance: false,
    monitorVacuum: false,
    reindex: false,
    openTelemetry: { enabled: false },
  });
  // What its own timers cannot do now they do later; a call of ours rejects by itself.
  boss.on("error", () => undefined);
  try {
    return await boss.start();
  } catch (thrown) {
    await boss.stop({ graceful: false }).catch(() => undefined);
    throw thrown;
  }
}

function toBossDatabase(database: Database, onWork: (queueName: string | undefined) => void): Db {
  return {
    executeSql: async (text, values) => ({ rows: [...(await database.run(text, values))] }),
    listen: async (channel, onNotification, onReconnect) => {
      const listening = await database.listen(channel, {
        onMessage: (queueName) => {
          onNotification(queueName);
          onWork(queueName);
        },
        onReconnect: () => {
          onReconnect();
          onWork(undefined);
        },
      });
      return {
        close: async () => {
          await listening[Symbol.asyncDispose]();
        },
      };
    },
  };
}
