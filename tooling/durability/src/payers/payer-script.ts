/** A message as the model is shown it. */
export interface ShownMessage {
  readonly isResult: boolean;
  readonly text: string;
}

/** A call of the tool, or what the model says. */
export type PayerTurn = { readonly id: string; readonly to: string } | string;

/** What the model of a payer says next. It knows nothing but what it is shown, as any model after a restart. */
export function payerTurn(prompt: readonly ShownMessage[]): PayerTurn {
  const last = prompt.at(-1);
  const to = /^Pay (\w+)/.exec(last?.text ?? "")?.[1];
  if (last?.isResult === false && to !== undefined) return { id: `call-${to}`, to };
  const results = prompt.filter(({ isResult }) => isResult).map(({ text }) => text);
  return `${results.length} result: ${results.join(", ")}`;
}
