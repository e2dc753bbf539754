import { readFileSync } from 'node:fs';
import { createNodeClient } from '@edmp/node/client';
import { contract, openApiDocument, operations } from '@edmp/node/http';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { httpApiPage } from '../../../../scripts/http-api.ts';
import { examples } from '../../src/api/examples.ts';
import { compatOperations } from '../../src/http/compat/contract.ts';
import { refusalsOf } from '../../src/http/documented.ts';
import { httpMarket } from '../support/http.ts';

describe('the contract', () => {
  it('has a row for every method of the service but its listeners, and one operation for each way and path', () => {
    const { seller } = httpMarket();
    const methods = Object.keys(seller.service).filter((name) => name !== 'on' && name !== 'onLive');
    expect(Object.keys(contract).sort()).toEqual(methods.sort());
    const ways = operations.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(ways).size).toBe(ways.length);
  });

  it('gives the client a method for every row', () => {
    const client = createNodeClient({ url: 'http://node.test' });
    for (const { name } of operations) expect(client[name], name).toBeTypeOf('function');
  });

  it.each(operations)('has an example of $name that its schemas take', (operation) => {
    const example = examples[operation.name];
    operation.params.parse(example.params ?? {});
    operation.query.parse(example.query ?? {});
    if (operation.body === undefined) expect(example.body).toBeUndefined();
    else operation.body.parse(example.body);
    if (operation.isFileOnly) expect(example.response).toBeUndefined();
    // Through code and back: the answer is as it is sent.
    else
      expect(z.encode(operation.response, operation.response.parse(example.response))).toEqual(
        example.response,
      );
  });

  it.each(operations)('binds the arguments of $name to a request and back', (operation) => {
    const example = examples[operation.name];
    const received = {
      params: operation.params.parse(example.params ?? {}),
      query: operation.query.parse(example.query ?? {}),
      body: operation.body?.parse(example.body),
      file: new Uint8Array([1]),
    };
    const signal = AbortSignal.timeout(1_000_000);
    const args = operation.args(received, { signal });
    expect(args.at(-1)).toMatchObject({ signal });
    const sent = operation.parts(...args);
    expect(sent.params ?? {}).toEqual(received.params);
    expect(sent.body === undefined).toBe(operation.body === undefined);
    if (operation.upload !== undefined) expect(sent.file).toEqual(received.file);
    if (sent.body !== undefined) expect(sent.body).toEqual(received.body);
  });

  it('is what docs/http-api.md says', () => {
    const page = readFileSync(new URL('../../../../docs/http-api.md', import.meta.url), 'utf8');
    expect(page === httpApiPage(), 'run the script http-api').toBe(true);
  });

  it('documents only codes and statuses that there are', () => {
    const { paths } = openApiDocument('1.2.3') as {
      readonly paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>;
    };
    const known = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
    for (const operation of operations) {
      const documented = paths[operation.path]?.[operation.method]?.responses ?? {};
      for (const [status, codes] of refusalsOf(operation)) {
        expect(status).toBeGreaterThanOrEqual(400);
        expect(Object.keys(documented), operation.name).toContain(String(status));
        for (const code of codes) expect(known, operation.name).toContain(`| \`${code}\` |`);
        for (const code of codes) expect(documented[String(status)]?.description).toContain(code);
      }
    }
    for (const { method, path } of Object.values(compatOperations))
      expect(paths[path]?.[method], path).toBeDefined();
  });
});
