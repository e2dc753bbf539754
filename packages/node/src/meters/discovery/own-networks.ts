import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Most networks of one computer that are asked: cable, Wi-Fi, and some of virtual machines. */
const MAX_NETWORKS = 8;

/** Addresses of this computer in its networks (IPv4), one for each; its loopback when it is in none. */
export function ownAddresses(): readonly string[] {
  const found: string[] = [];
  for (const addresses of Object.values(networkInterfaces())) {
    const own = addresses?.find(({ family, internal }) => family === 'IPv4' && !internal);
    if (own !== undefined) found.push(own.address);
  }
  return found.length === 0 ? ['127.0.0.1'] : found.slice(0, MAX_NETWORKS);
}

/**
 * Whether an address is one of a home's own network: private (RFC 1918) or link-local (RFC 3927). Those of this computer
 * itself count only when it is the one that told them.
 */
export function isHomeAddress(address: string, teller: string): boolean {
  if (!isIPv4(address)) return false;
  const [a = 0, b = 0] = address.split('.').map(Number);
  if (a === 127) return teller.startsWith('127.');
  return a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254);
}
