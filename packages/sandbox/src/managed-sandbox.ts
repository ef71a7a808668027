import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { SandboxEnd } from "./sandbox-end.ts";
import type { OwnedSandbox, Sandbox, SandboxSnapshot } from "./sandbox.ts";

/** What a manager does with a sandbox that nobody uses, in milliseconds. */
export interface SandboxTimes {
  /** Unused for this long it is paused, where the backend can. */
  readonly idlePauseMs: number;
  /** Unused for this long it is ended. */
  readonly idleEndMs: number;
  /** How long before its time to live is over a warning comes. */
  readonly warnMs: number;
}

export interface ManagedSandboxOptions {
  readonly sandbox: OwnedSandbox;
  readonly times: SandboxTimes;
  readonly canPause: boolean;
  /** Until when the backend lets it live, in milliseconds since 1970; undefined when only the backend knows. */
  readonly expiresAt: number | undefined;
  readonly watcher: SandboxWatcher;
}

interface SandboxWatcher {
  /** It is being used: told at the beginning of a use, and then from time to time. */
  used(): void;
  paused(): void;
  resumed(): void;
  willExpire(inMs: number): void;
  /** Told once, however it ended. */
  ended(end: SandboxEnd): void;
}

const longestTimerMs = 0x7fff_ffff;

/** One sandbox in use: pauses and ends it when nobody uses it, and wakes it when somebody does. */
export class ManagedSandbox implements AsyncDisposable {
  /** Resolves when it has ended. */
  readonly over: Promise<SandboxEnd>;
  readonly #options: ManagedSandboxOptions;
  #uses = 0;
  #usedAt = Date.now();
  /** When others were last told that it is in use. */
  #toldAt = 0;
  #expiresAt: number | undefined;
  /** Since when it is paused; undefined while it runs. */
  #pausedAt: number | undefined;
  #end: SandboxEnd | undefined;
  /** Why this manager ends it; the sandbox itself would only say that it was disposed. */
  #ending: SandboxEnd | undefined;
  /** Pausing and waking wait for each other. */
  #changes: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #warned = false;

  constructor(options: ManagedSandboxOptions) {
    this.#options = options;
    this.#expiresAt = options.expiresAt;
    this.over = options.sandbox.ended.then((end) => {
      this.#over(this.#ending ?? end);
      return this.#ending ?? end;
    });
    this.#schedule();
  }

  get id(): string {
    return this.#options.sandbox.id;
  }

  get type(): string {
    return this.#options.sandbox.type;
  }

  /** Wakes it when it is paused, and keeps it awake until `leave` is called, once. */
  async enter(options?: CallOptions): Promise<{ readonly sandbox: Sandbox; readonly leave: () => void }> {
    this.#assertOn();
    this.#uses += 1;
    this.#tellUsed();
    try {
      // Also while it runs: a pause may be on its way.
      await this.#change(() => this.#resume(options));
    } catch (thrown) {
      this.#leave();
      throw thrown;
    }
    return {
      sandbox: this.#options.sandbox,
      leave: () => {
        this.#leave();
      },
    };
  }

  get isPaused(): boolean {
    return this.#pausedAt !== undefined;
  }

  async pause(options?: CallOptions): Promise<void> {
    this.#assertOn();
    await this.#change(() => this.#pause(options));
  }

  async resume(options?: CallOptions): Promise<void> {
    this.#assertOn();
    await this.#change(() => this.#resume(options));
  }

  async snapshot(options?: CallOptions): Promise<SandboxSnapshot> {
    this.#assertOn();
    return this.#options.sandbox.snapshot(options);
  }

  async extend(ttlMs: number, options?: CallOptions): Promise<void> {
    this.#assertOn();
    await this.#options.sandbox.extend(ttlMs, options);
    this.#expiresAt = Date.now() + ttlMs;
    this.#warned = false;
    this.#schedule();
  }

  /** Another manager uses it. */
  touch(): void {
    this.#usedAt = Date.now();
    this.#schedule();
  }

  /** Another manager has paused it, or woken it. */
  async noticePaused(paused: boolean): Promise<void> {
    if (!paused) this.#woken();
    else if (this.#uses > 0) await this.#change(() => this.#options.sandbox.resume());
    else this.#pausedAt ??= Date.now();
    this.#schedule();
  }

  /** Ends it, and says why. */
  async stop(ending: SandboxEnd): Promise<void> {
    this.#ending ??= ending;
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.sandbox[Symbol.asyncDispose]();
    this.#over(this.#ending ?? (await this.#options.sandbox.ended));
  }

  #leave(): void {
    this.#uses -= 1;
    this.#usedAt = Date.now();
    this.#schedule();
  }

  #change(change: () => Promise<void>): Promise<void> {
    const changed = this.#changes.then(change);
    this.#changes = changed.catch(() => undefined); // Whoever asked for it is told.
    return changed;
  }

  async #pause(options?: CallOptions): Promise<void> {
    if (this.#pausedAt !== undefined || this.#end !== undefined) return;
    await this.#options.sandbox.pause(options);
    this.#pausedAt = Date.now();
    this.#schedule();
    this.#options.watcher.paused();
  }

  async #resume(options?: CallOptions): Promise<void> {
    this.#assertOn();
    if (this.#pausedAt === undefined) return;
    await this.#options.sandbox.resume(options);
    this.#woken();
    this.#schedule();
    this.#options.watcher.resumed();
  }

  /** The time that it was paused does not count. */
  #woken(): void {
    if (this.#pausedAt === undefined) return;
    if (this.#expiresAt !== undefined) this.#expiresAt += Date.now() - this.#pausedAt;
    this.#pausedAt = undefined;
  }

  /** One timer for whatever comes next. */
  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#end !== undefined) return;
    const inMs = Math.min(...this.#moments().map((moment) => moment - Date.now()), longestTimerMs);
    this.#timer = setTimeout(() => void this.#act(), Math.max(inMs, 0)).unref();
  }

  #moments(): readonly number[] {
    const { canPause, times } = this.#options;
    const warnAt = (this.#expiresAt ?? Infinity) - times.warnMs;
    const isPaused = this.#pausedAt !== undefined;
    return [
      isPaused || this.#warned ? Infinity : warnAt,
      this.#uses > 0 ? this.#toldAt + this.#tellingMs : this.#usedAt + times.idleEndMs,
      this.#uses > 0 || isPaused || !canPause ? Infinity : this.#usedAt + times.idlePauseMs,
    ];
  }

  async #act(): Promise<void> {
    const { times, canPause, watcher } = this.#options;
    const now = Date.now();
    const unusedMs = this.#uses === 0 ? now - this.#usedAt : 0;
    const isPaused = this.#pausedAt !== undefined;
    if (unusedMs >= times.idleEndMs) {
      await this.#stopQuietly({ reason: "idle", message: `Nobody used it for ${times.idleEndMs} ms.` });
      return;
    }
    if (this.#uses > 0) this.#tellUsed();
    if (!isPaused && !this.#warned && this.#expiresAt !== undefined && now >= this.#expiresAt - times.warnMs) {
      this.#warned = true;
      watcher.willExpire(Math.max(this.#expiresAt - now, 0));
    }
    if (canPause && !isPaused && unusedMs >= times.idlePauseMs) await this.#pauseQuietly();
    this.#schedule();
  }

  /** What cannot be paused now is tried again when it was unused for as long once more. */
  async #pauseQuietly(): Promise<void> {
    const pauseUnlessUsed = async (): Promise<void> => {
      if (this.#uses === 0) await this.#pause();
    };
    await this.#change(pauseUnlessUsed).catch(() => {
      this.touch();
    });
  }

  /** For its users it is over either way; one that does not go away is found by the sweep. */
  async #stopQuietly(ending: SandboxEnd): Promise<void> {
    await this.stop(ending).catch(() => {
      this.#over(ending);
    });
  }

  /** Often enough that nobody takes it for unused, and not at every use. */
  get #tellingMs(): number {
    const { idlePauseMs, idleEndMs } = this.#options.times;
    return Math.min(idlePauseMs, idleEndMs) / 4;
  }

  #tellUsed(): void {
    if (Date.now() - this.#toldAt < this.#tellingMs) return;
    this.#toldAt = Date.now();
    this.#options.watcher.used();
  }

  #over(end: SandboxEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    clearTimeout(this.#timer);
    this.#options.watcher.ended(end);
  }

  #assertOn(): void {
    if (this.#end === undefined) return;
    const { reason, message } = this.#end;
    throw new RuntimeError("not_found", `Sandbox ${this.id} has ended (${reason}): ${message}`, {
      details: { reason },
    });
  }
}
