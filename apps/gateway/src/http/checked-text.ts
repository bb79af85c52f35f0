import { z } from 'zod';

/** A text in which a rule finds no fault, before any change of it. A fault is the end of a sentence about the text. */
export const checkedText = (faultOf: (text: string) => string | null, error = 'must be a string') =>
  z.string({ error }).superRefine((text, context) => {
    const message = faultOf(text);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });
