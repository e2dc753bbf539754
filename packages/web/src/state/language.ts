import { createContext } from 'preact';
import type { Language } from '../words/index.ts';

/** Changes the language of the page and keeps the choice. */
export const LanguageContext = createContext<(language: Language) => Promise<void>>(async () => undefined);
