/** The `type` inside the `data` part that carries what a graph's writer was given. */
export const customDataType = "custom";
