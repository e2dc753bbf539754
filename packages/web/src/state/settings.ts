import { LANGUAGES, type Language, preferredLanguage } from '../words/index.ts';

/** How bright the page is: as the system says, or always the same. */
export const THEMES = ['system', 'light', 'dark'] as const;
/** See {@link THEMES}. */
export type Theme = (typeof THEMES)[number];

const KEYS = { theme: 'edmp-theme', language: 'edmp-language' } as const;

/** A browser may keep nothing for this page; then a choice holds until it is closed. */
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See above.
  }
}

/** The chosen brightness. */
export function theme(): Theme {
  const kept = read(KEYS.theme);
  return THEMES.find((known) => known === kept) ?? 'system';
}

/** Draws the page by a brightness and keeps the choice in this browser. */
export function setTheme(chosen: Theme): void {
  write(KEYS.theme, chosen);
  applyTheme(chosen);
}

/** Draws the page by a brightness. */
export function applyTheme(chosen: Theme = theme()): void {
  const { dataset } = document.documentElement;
  if (chosen === 'system') delete dataset.theme;
  else dataset.theme = chosen;
}

/** Whether the page is dark now. */
export function isDark(): boolean {
  const { theme: forced } = document.documentElement.dataset;
  return forced === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : forced === 'dark';
}

/** The language to start in: the chosen one, or what the browser asks for. */
export function startLanguage(): Language {
  const kept = read(KEYS.language);
  return LANGUAGES.find(({ id }) => id === kept)?.id ?? preferredLanguage(navigator.languages);
}

/** Keeps a language in this browser. */
export function keepLanguage(chosen: Language): void {
  write(KEYS.language, chosen);
}
