import { energy } from './energy.ts';
import { gantt } from './gantt.ts';
import { home } from './home.ts';
import { offers } from './offers.ts';
import { sell } from './sell.ts';
import { settings } from './settings.ts';
import { shell } from './shell.ts';

/** English: the language that the others are translated from. */
export const en = { ...energy, ...gantt, ...home, ...offers, ...sell, ...settings, ...shell } as const;
