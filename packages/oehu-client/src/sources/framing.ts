const STX = 2;
const ETX = 3;
const ACK = 6;

const MARKS = new RegExp(`[${String.fromCharCode(STX, ETX, ACK)}]`, 'g');

/** Text of a serial interface with the control characters around its frames made line ends. */
export function withoutFraming(text: string): string {
  return text.replace(MARKS, '\n');
}
