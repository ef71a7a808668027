/** What a model is told of a call that nobody has answered: models refuse calls that dangle. */
export const noResult = "No result: the run ended before the tool answered.";
