import { RuntimeError } from "@agentscope-runtime/protocol";

/** What a caller is told when a script did nothing. */
export function toRefusal([word, ...facts]: readonly unknown[], first?: number): RuntimeError {
  switch (word) {
    case "missing":
      return noSuchRun();
    case "taken":
      return new RuntimeError("conflict", "There is a run of this id already.");
    case "finished": {
      const details = { status: facts[0], eventCount: Number(facts[1]) };
      return new RuntimeError("conflict", "The run is finished.", { details });
    }
    case "held":
      return new RuntimeError("conflict", "Somebody else holds the run.");
    case "order": {
      const details = { first, eventCount: Number(facts[0]) };
      return new RuntimeError("conflict", "This is not the run's next event.", { details });
    }
    case "queued":
      return new RuntimeError("conflict", "The run has not begun.");
    case "begun":
      return new RuntimeError("conflict", "The run has begun.");
    case "changed":
      return new RuntimeError("conflict", "The run is asked something else by now.");
    default:
      throw new TypeError(`A script says ${String(word)}.`);
  }
}

export function noSuchRun(): RuntimeError {
  return new RuntimeError("not_found", "There is no such run.");
}
