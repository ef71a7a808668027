/** What the benchmark asks a server's probe. */
export interface ProbeQuestion {
  /** Collect garbage first. */
  readonly collect: boolean;
}

/** A server process at one moment. */
export interface ProcessSample {
  /** On the server's own clock. */
  readonly atMs: number;
  /** User and system time since the process began. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** The most it ever was. */
  readonly peakRssBytes: number;
  /** The JavaScript heap and what hangs on it outside, such as buffers. */
  readonly heapBytes: number;
}
