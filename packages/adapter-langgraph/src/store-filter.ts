import { canonicalJson } from "@agentscope-runtime/core";
import { isObject } from "@agentscope-runtime/core/adapter";

type Compare = (value: unknown, wanted: unknown) => boolean;

const isEqual: Compare = (value, wanted) => canonicalJson(value ?? null) === canonicalJson(wanted ?? null);

/** What is not there is not larger or smaller than anything. */
const compares =
  (holds: (order: number) => boolean): Compare =>
  (value, wanted) => {
    if (typeof value === "number" && typeof wanted === "number") return holds(value - wanted);
    if (typeof value !== "string" || typeof wanted !== "string") return false;
    return holds(value < wanted ? -1 : value > wanted ? 1 : 0);
  };

const operators = new Map<string, Compare>([
  ["$eq", isEqual],
  ["$ne", (value, wanted) => !isEqual(value, wanted)],
  ["$gt", compares((order) => order > 0)],
  ["$gte", compares((order) => order >= 0)],
  ["$lt", compares((order) => order < 0)],
  ["$lte", compares((order) => order <= 0)],
]);

/** Whether an item's value is what a store is searched for: equal fields, or such that LangGraph's operators hold. */
export function fitsFilter(
  value: Readonly<Record<string, unknown>>,
  filter: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(filter).every(([field, wanted]) => {
    if (!isObject(wanted) || !Object.keys(wanted).some((name) => name.startsWith("$")))
      return isEqual(value[field], wanted);
    return Object.entries(wanted).every(([name, operand]) => operators.get(name)?.(value[field], operand) ?? false);
  });
}
