import { MeterError } from '../errors.ts';

/** An XML element: local name without prefix, attributes, children and its own text. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Text directly inside, trimmed. */
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

const BANG = 0x21;
const QUESTION = 0x3f;
const SLASH = 0x2f;
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 2_000_000;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

function unescapeText(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(#x?[0-9a-fA-F]{1,6}|[a-z]{2,4});/g, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? whole;
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : whole;
  });
}

// From the beginning of a name only, else each character of a long one is a try of its own.
const ATTRIBUTE = /(?<![\w:.-])([\w:.-]{1,200})\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g;

function readAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  if (!text.includes('=')) return attributes;
  for (const [, name = '', double, single] of text.matchAll(ATTRIBUTE)) {
    Object.defineProperty(attributes, localName(name), {
      value: unescapeText(double ?? single ?? ''),
      enumerable: true,
      configurable: true,
    });
  }
  return attributes;
}

/** Reads elements of one kind without their tree, for files that have very many of them. */
export interface CompactReader {
  /** Where the element that was read last ends, and how many elements it is of. */
  readonly end: number;
  readonly elements: number;
  /** The element whose start tag begins at `from`; undefined when it is of another kind, or written in another way. */
  read(text: string, from: number): XmlElement | undefined;
}

/** Levels that an element may have that is read without its tree. */
const COMPACT_DEPTH = 3;

/** How many elements may still be read; several documents can share one. */
export interface XmlBudget {
  elements: number;
}

/** How a document is read. */
export interface XmlOptions {
  /** Asked at each start tag but the root's; what it reads becomes a child as it is. */
  readonly compact?: CompactReader;
  /** What may be read yet, and then what is left of it. Default one document's worth. */
  readonly budget?: XmlBudget;
}

/**
 * Reads the small part of XML 1.0 that meter documents use: elements, attributes, text, CDATA, comments. Document type
 * definitions are refused, so no entity can expand. Throws `ERR_METER_FORMAT` when it is not well-formed and
 * `ERR_METER_LIMIT` when it is too deep or too large.
 */
export function parseXml(
  text: string,
  { compact, budget = { elements: MAX_ELEMENTS } }: XmlOptions = {},
): XmlElement {
  const stack: Open[] = [];
  let root: XmlElement | undefined;
  let position = 0;
  const malformed = (what: string): MeterError =>
    new MeterError('ERR_METER_FORMAT', `Expected well-formed XML: ${what} at character ${position}`);
  const until = (mark: string): string => {
    const end = text.indexOf(mark, position);
    if (end < 0) throw malformed(`no ${mark}`);
    const part = text.slice(position, end);
    position = end + mark.length;
    return part;
  };
  const close = (open: Open): void => {
    const { name, attributes, children } = open;
    const element: XmlElement = { name, attributes, children, text: open.text.trim() };
    const parent = stack[stack.length - 1];
    if (parent !== undefined) parent.children.push(element);
    else if (root === undefined) root = element;
    else throw malformed('a second root element');
  };

  while (position < text.length) {
    const next = text.indexOf('<', position);
    const top = stack[stack.length - 1];
    const between = next === position ? '' : text.slice(position, next < 0 ? text.length : next);
    if (top !== undefined) {
      if (between !== '') top.text += unescapeText(between);
    } else if (between.replace(/^\ufeff/, '').trim() !== '') throw malformed('text outside the root element');
    if (next < 0) break;
    position = next;
    const mark = text.charCodeAt(position + 1);
    if (mark === BANG && text.startsWith('<!--', position)) {
      position += 4;
      until('-->');
    } else if (mark === BANG && text.startsWith('<![CDATA[', position)) {
      position += 9;
      const data = until(']]>');
      if (top === undefined) throw malformed('text outside the root element');
      top.text += data;
    } else if (mark === QUESTION) {
      until('?>');
    } else if (mark === BANG) {
      throw malformed('a document type definition, which is not accepted');
    } else if (mark === SLASH) {
      position += 2;
      const name = localName(until('>').trim());
      if (top === undefined || top.name !== name) throw malformed(`an end tag without its start tag`);
      stack.pop();
      close(top);
    } else {
      const whole =
        top !== undefined && stack.length + COMPACT_DEPTH <= MAX_DEPTH
          ? compact?.read(text, position)
          : undefined;
      if (compact !== undefined && whole !== undefined && budget.elements >= compact.elements) {
        budget.elements -= compact.elements;
        position = compact.end;
        top?.children.push(whole);
        continue;
      }
      position += 1;
      const tag = until('>');
      const isEmpty = tag.endsWith('/');
      const match = /^([\w:.-]{1,200})([\s\S]*)$/.exec(isEmpty ? tag.slice(0, -1) : tag);
      if (match === null) throw malformed('a tag without a name');
      if (--budget.elements < 0 || stack.length >= MAX_DEPTH) {
        throw new MeterError(
          'ERR_METER_LIMIT',
          `The XML is deeper than ${MAX_DEPTH} or has too many elements`,
        );
      }
      const open: Open = {
        name: localName(match[1] ?? ''),
        attributes: readAttributes(match[2] ?? ''),
        children: [],
        text: '',
      };
      if (isEmpty) close(open);
      else stack.push(open);
    }
  }
  if (stack.length > 0) throw malformed('an element that does not end');
  if (root === undefined) throw malformed('no element');
  return root;
}

/** First child with a name, or undefined. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name);
}

/** Text of the descendant at a path of child names, or undefined. */
export function textAt(element: XmlElement | undefined, ...path: readonly string[]): string | undefined {
  let at = element;
  for (const name of path) at = child(at, name);
  return at?.text;
}

/** All descendants with a name, in document order. */
export function descendants(element: XmlElement, name: string): XmlElement[] {
  const found: XmlElement[] = [];
  const pending: XmlElement[] = [element];
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    if (one.name === name) found.push(one);
    for (let i = one.children.length - 1; i >= 0; i--) {
      const next = one.children[i];
      if (next !== undefined) pending.push(next);
    }
  }
  return found;
}
