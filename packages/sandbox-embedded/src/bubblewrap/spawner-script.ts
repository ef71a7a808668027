import { boxPaths } from "./bwrap-arguments.ts";

/**
 * What the shell inside of a box is told first. It starts commands, and is all that does: what it starts is behind the same walls.
 * A command has four pipes, `N.0` to `N.3`, which the other side opens as well. The shell says `f M N` when those from M to N are
 * there, `p N PID` when there is a process, `s N` when that has opened its pipes, `x N CODE` when it has ended.
 *
 * Processes that nobody waits for would stay in the shell's table, so that each command has a parent of its own, which is not the
 * shell's child.
 */
export const spawnerScript = `
cd ${boxPaths.run} || exit
ulimit -c 0
pipes() {
  i=$1 names=
  while [ "$i" -le "$2" ]; do names="$names $i.0 $i.1 $i.2 $i.3" i=$((i+1)); done
  mkfifo $names && echo "f $1 $2"
}
`;

/** One line for the shell: make the pipes of these numbers. */
export function pipesLine(first: number, last: number): string {
  return `( pipes ${first} ${last} & )\n`;
}

/** One line for the shell: run this, with the pipes of that number. */
export function startLine(number: number, command: readonly string[], options: StartOptions): string {
  const { env, hasStdin } = options;
  const [names, others] = partition(Object.entries(env), ([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  const assigned = names.map(([name, value]) => `${name}=${quote(value)}`).join(" ");
  const words = command.map(quote).join(" ");
  // A shell has no variables with other names; `env` gives them.
  const through =
    others.length === 0 ? "" : `env ${others.map(([name, value]) => quote(`${name}=${value}`)).join(" ")} `;
  const stdin = hasStdin ? `${number}.0` : "/dev/null";
  const child = `exec 8>&1 <${stdin} >${number}.1 2>${number}.2 3>${number}.3; echo "s ${number}" >&8; ${assigned} exec setsid ${through}${words} 8>&-`;
  return `( { ( ${child} ) & echo "p ${number} $!"; wait $!; echo "x ${number} $?"; } & )\n`;
}

export interface StartOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly hasStdin: boolean;
}

/** Kills a command's group; before it has one, the process itself. */
export function killLine(pid: number): string {
  return `kill -s KILL -- -${pid} ${pid} 2>/dev/null\n`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
