import {
  AbortedError,
  CryptoError,
  EdmpError,
  InvalidArgumentError,
  isEdmpError,
  softwareSigner,
  TimeoutError,
  throwIfAborted,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { rejection, thrown } from '@edmp/testing';
import { describe, expect, it } from 'vitest';

describe('errors', () => {
  it('carry code, message, cause, details and whether to try again', () => {
    const cause = new RangeError('below');
    const error = new EdmpError('ERR_SUITE', 'what happened', { cause, details: { n: 1 }, retryable: true });
    expect(error).toMatchObject({ name: 'EdmpError', code: 'ERR_SUITE', message: 'what happened', cause });
    expect([error.details, error.retryable]).toEqual([{ n: 1 }, true]);
    expect(error).toBeInstanceOf(Error);
    const bare = new EdmpError('ERR_SUITE', 'm');
    expect([bare.details, bare.retryable, 'cause' in bare]).toEqual([{}, false, false]);
  });

  it('have a code and a name per class', () => {
    const facts = (error: EdmpError): unknown => [error.name, error.code, error.retryable];
    expect(facts(new InvalidArgumentError('m'))).toEqual([
      'InvalidArgumentError',
      'ERR_INVALID_ARGUMENT',
      false,
    ]);
    expect(new InvalidArgumentError('m', { code: 'ERR_SPECIAL' }).code).toBe('ERR_SPECIAL');
    expect(facts(new TimeoutError('m'))).toEqual(['TimeoutError', 'ERR_TIMEOUT', true]);
    expect(facts(new AbortedError())).toEqual(['AbortedError', 'ERR_ABORTED', false]);
    expect(facts(new CryptoError('ERR_CRYPTO_KEY', 'm'))).toEqual(['CryptoError', 'ERR_CRYPTO_KEY', false]);
  });

  it('are recognised by shape, so that two copies of the package agree', () => {
    const foreign = Object.assign(new Error('m'), { code: 'ERR_ELSEWHERE' });
    expect(isEdmpError(foreign)).toBe(true);
    expect(isEdmpError(foreign, 'ERR_ELSEWHERE')).toBe(true);
    expect(isEdmpError(foreign, 'ERR_OTHER')).toBe(false);
    for (const value of [
      null,
      'ERR_X',
      { code: 'ERR_X' },
      new Error('m'),
      Object.assign(new Error(), { code: 7 }),
    ]) {
      expect(isEdmpError(value)).toBe(false);
    }
  });

  it('throwIfAborted keeps the reason as the cause', () => {
    throwIfAborted(undefined);
    throwIfAborted(new AbortController().signal);
    const error = thrown(() => throwIfAborted(AbortSignal.abort('enough')), 'ERR_ABORTED');
    expect(error.cause).toBe('enough');
  });

  it('the suites themselves tell a wrong error from the right one', async () => {
    expect(() => thrown(() => undefined, 'ERR_X')).toThrow('the call succeeded');
    expect(() =>
      thrown(() => {
        throw new TypeError('other');
      }, 'ERR_X'),
    ).toThrow('TypeError: other');
    await expect(rejection(Promise.reject(new EdmpError('ERR_Y', 'm')), 'ERR_X', 'ERR_Z')).rejects.toThrow(
      'expected ERR_X or ERR_Z, got ERR_Y: m',
    );
    await expect(rejection(Promise.resolve(1), 'ERR_X')).rejects.toThrow('the call succeeded');
  });
});

describe('softwareSigner', () => {
  const crypto = nodeCrypto();

  it('signs for its public key with a copy of the secret', async () => {
    const secretKey = new Uint8Array(32).fill(7);
    const signer = softwareSigner({ crypto, secretKey });
    secretKey.fill(0);
    const message = Uint8Array.of(1, 2, 3);
    const signature = await signer.sign(message);
    expect(crypto.ed25519Verify(signature, message, signer.publicKey)).toBe(true);
    expect(signer.publicKey).toEqual(crypto.ed25519PublicKey(new Uint8Array(32).fill(7)));
    expect(JSON.stringify(signer)).not.toContain('secret');
  });

  it('refuses a secret of another length, and messages that are no bytes', async () => {
    thrown(() => softwareSigner({ crypto, secretKey: new Uint8Array(64) }), 'ERR_CRYPTO_KEY');
    const signer = softwareSigner({ crypto, secretKey: new Uint8Array(32) });
    await rejection(signer.sign('text' as unknown as Uint8Array), 'ERR_INVALID_ARGUMENT');
  });
});
