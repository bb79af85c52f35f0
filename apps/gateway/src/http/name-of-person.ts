import { normalSeatName, seatNameFault } from '@app/kernel';
import { checkedText } from './checked-text.js';

/** The name of a person, in a seat or on a ticket: 1 to 64 code points after NFC, without spaces at the ends. */
export const nameOfPerson = checkedText(seatNameFault).transform(normalSeatName);
