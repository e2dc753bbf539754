/**
 * Writes docs/http-api.md from the contract of the node's HTTP API. With `--check` it writes nothing and fails when the page
 * is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../packages/node/src/http/openapi.ts';
import { root } from './lib/workspace.ts';

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly description?: string;
    readonly schema: Schema;
    readonly example?: string;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, Content>> }>
  >;
}

interface Content {
  readonly schema: Schema;
  readonly example?: unknown;
}

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly pattern?: string;
}

const page = join(root, 'docs/http-api.md');

const HEAD = `# HTTP API

What a node answers at \`http://127.0.0.1:8080\` (\`--http\`). This page is written by \`scripts/http-api.ts\` from
[the contract](../packages/node/src/api/contract.ts), from which server, OpenAPI document (\`/v1/openapi.json\`) and
[typed client](../packages/node/src/client.ts) are made, too; edit that.

- *Token*: \`Authorization: Bearer …\` with the text of the file \`token\` in the data folder. Paths without it are open to
  every program of this machine.
- Amounts are decimal text in minor units, bytes lower-case hexadecimal, times milliseconds since 1970, UTC.
- A refusal is \`{ "error": { "code", "message" } }\`, with the codes of [errors.md](errors.md). A wrong method is 405 with
  \`Allow\`; a body of another type 415, a larger one 413, one that does not arrive 408; \`Accept\` of something else 406.
- \`Idempotency-Key\` (1 to 128 visible characters) makes a repeated POST act once, for a day.
- Answers to GET have an \`ETag\`; \`If-None-Match\` is answered with 304. Brotli and gzip are spoken, of a kilobyte and more.
- Every answer has an \`X-Request-Id\`, the caller's where it sent one of 1 to 64 letters, digits and \`. : _ -\`; the log at
  \`--log-level debug\` has it, too.
- \`/v1/events\` gives every event an id; a reader who comes back with \`Last-Event-ID\` is told what it missed, of the last
  thousand.
- A request's head must be there within 10 s, a JSON body within 20 s, a file within 2 minutes.
`;

/** The page's text. */
export function httpApiPage(): string {
  const { paths } = openApiDocument('') as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  };
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ path, method, described })),
  );
  const isOld = ({ described }: { readonly described: Described }): boolean => described.tags !== undefined;
  return [
    HEAD,
    ...all
      .filter((each) => !isOld(each))
      .map(({ path, method, described }) => section(path, method, described)),
    `## EDMP's calls of 2019

Form or JSON bodies; a refusal is \`{ "error": "words" }\`. Without the token only where the node runs with
\`--edmp-compat-open\`.

| call | what | fields of the body | refusals of its own |
|---|---|---|---|
${all
  .filter(isOld)
  .map(({ path, method, described }) => oldRow(path, method, described))
  .join('\n')}
`,
  ].join('\n');
}

function section(path: string, method: string, described: Described): string {
  const lines = [
    `## ${method.toUpperCase()} ${path}`,
    '',
    `${described.summary}.${described.security === undefined ? '' : ' *Token.*'}`,
  ];
  const parameters = (described.parameters ?? []).filter(({ name }) => name !== 'Idempotency-Key');
  if (parameters.length > 0) {
    lines.push('', '| parameter | in | what |', '|---|---|---|');
    for (const { name, in: place, required, schema, description } of parameters) {
      const what = [
        schema.enum === undefined ? schema.type : schema.enum.map((value) => `\`${value}\``).join(', '),
      ];
      const said = description ?? schema.description;
      if (said !== undefined) what.push(said);
      lines.push(
        `| \`${name}\`${required ? '' : ' (optional)'} | ${place} | ${cell(what.filter(Boolean).join('; '))} |`,
      );
    }
  }
  const body = Object.entries(described.requestBody?.content ?? {});
  for (const [type, { example }] of body)
    lines.push('', example === undefined ? `Body: \`${type}\`.` : `Body:\n\n${json(example)}`);
  for (const [status, { content }] of Object.entries(described.responses)) {
    if (!/^2/.test(status)) continue;
    const types = Object.entries(content ?? {});
    for (const [type, { example }] of types) {
      lines.push(
        '',
        example === undefined ? `Answer ${status}: \`${type}\`.` : `Answer ${status}:\n\n${json(example)}`,
      );
    }
  }
  const own = Object.entries(described.responses).flatMap(([status, { description }]) =>
    [...description.matchAll(/`(ERR_\w+)`/g)].map(([, code]) => `\`${code}\` (${status})`),
  );
  if (own.length > 0) lines.push('', `Refusals of its own: ${own.join(', ')}.`);
  return `${lines.join('\n')}\n`;
}

function oldRow(path: string, method: string, described: Described): string {
  const [content] = Object.values(described.requestBody?.content ?? {});
  const { properties = {}, required = [] } = (content?.schema ?? {}) as {
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly required?: readonly string[];
  };
  const fields = Object.keys(properties).map(
    (name) => `\`${name}\`${required.includes(name) ? '' : ' (optional)'}`,
  );
  const refusals = Object.entries(described.responses).flatMap(([status, { description }]) =>
    description
      .split('; ')
      .slice(1)
      .filter((text) => /^[a-z]/.test(text))
      .map((text) => `${status} ${text}`),
  );
  return `| \`${method.toUpperCase()} ${path}\` | ${cell(described.summary)} | ${fields.join(', ')} | ${cell(refusals.join('; '))} |`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Long lists and hexadecimal are shortened: an example is to be read. */
function json(example: unknown): string {
  const text = JSON.stringify(
    example,
    (_, value: unknown) =>
      typeof value === 'string' && value.length > 40 ? `${value.slice(0, 16)}…` : value,
    2,
  );
  return `\`\`\`json\n${text}\n\`\`\``;
}

function main(check: boolean): number {
  const text = httpApiPage();
  if (!check) writeFileSync(page, text);
  else if (!existsSync(page) || readFileSync(page, 'utf8') !== text) {
    console.error('docs/http-api.md is out of date: run its script (http-api)');
    return 1;
  }
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'));
