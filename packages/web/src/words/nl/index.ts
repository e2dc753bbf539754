import type { Catalogue } from '../index.ts';
import { energy } from './energy.ts';
import { gantt } from './gantt.ts';
import { home } from './home.ts';
import { offers } from './offers.ts';
import { sell } from './sell.ts';
import { settings } from './settings.ts';
import { shell } from './shell.ts';

/** Dutch. */
export const nl: Catalogue = { ...energy, ...gantt, ...home, ...offers, ...sell, ...settings, ...shell };
