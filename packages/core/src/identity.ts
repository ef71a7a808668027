/** Who a request comes from. */
export interface Identity {
  /** Sessions, state, memory and, with authentication, runs belong to this user. */
  readonly userId: string;
  /** What else the app's `authenticate` knows: roles, a tenant, token claims. The runtime does not read it. */
  readonly claims?: Readonly<Record<string, unknown>>;
}
