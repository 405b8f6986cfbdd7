const MAX_SHOWN = 1_000;

/** A caller's text as a message shows it: cut after 1,000 characters. */
export const shortened = (text: string): string =>
  text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
