import { walletSuite } from '@edmp/testing';
import { createWorld } from '../support/world.ts';

/** A wallet whose answers come over a network whose clock has to be moved. */
for (const kind of ['DUM1', 'SUN'] as const) {
  walletSuite({
    name: `token wallet, ${kind === 'DUM1' ? 'test money' : 'issued money'}`,
    async create() {
      const world = await createWorld(kind === 'DUM1' ? 80 : 81, 0);
      const payer = await world.node('payer', {}, true);
      const payee = await world.node('payee', {}, false);
      await world.link(payer, payee);
      let id: string = kind;
      if (kind === 'SUN') {
        // The payer is no issuer: the mint has no bottom.
        const issuer = await world.node('issuer', {}, true);
        await world.link(issuer, payer, payee);
        id = (await issuer.market.issueCurrency({ label: 'SUN', precision: 2 })).id;
        await payee.market.addCurrency(issuer.market.currencyBlock(id).bytes);
        await payer.market.addCurrency(issuer.market.currencyBlock(id).bytes);
        await issuer.market.transfer({ currency: id, to: payer.key, amount: 1_000n });
        await world.environment.advance(5_000);
      }
      const walletOf = (node: typeof payer) => {
        const wallet = node.market.wallets().find((one) => one.id === id)!;
        return new Proxy(wallet, {
          get(target, name) {
            const value = Reflect.get(target, name, target) as unknown;
            if (typeof value !== 'function') return value;
            return (...args: unknown[]) => {
              const result = (value as (...all: unknown[]) => unknown).apply(target, args);
              return result instanceof Promise ? world.run(result) : result;
            };
          },
        });
      };
      return {
        payer: walletOf(payer),
        payee: walletOf(payee),
        settle: () => world.environment.advance(2_000),
        async reopen() {
          await world.restart(payer);
          await world.environment.advance(2_000);
          return walletOf(payer);
        },
        close: () => world.stop(),
      };
    },
  });
}

walletSuite({
  name: 'energy wallet',
  transfers: false,
  async create() {
    const world = await createWorld(82);
    const [a, b] = [await world.node('a'), await world.node('b')];
    const walletOf = (node: typeof a) => node.market.wallets().find(({ id }) => id === 'EW')!;
    return {
      payer: walletOf(a),
      payee: walletOf(b),
      settle: () => world.environment.advance(100),
      close: () => world.stop(),
    };
  },
});
