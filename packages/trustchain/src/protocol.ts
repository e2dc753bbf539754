/**
 * Names of the protocols and topics that a chain speaks on a network.
 *
 * @packageDocumentation
 */
export {
  FRAUD_TOPIC,
  HEADS_TOPIC,
  OFFER_PROTOCOL,
  PUSH_PROTOCOL,
  SYNC_PROTOCOL,
} from './protocol/messages.ts';
