/**
 * HTTP gateways for content: a client of trustless gateways, and the handler that makes a server one.
 *
 * @packageDocumentation
 */
export {
  type Fetch,
  type GatewayContentOptions,
  type GatewayContentStore,
  gatewayContentStore,
} from './gateway/client.ts';
export { CAR_TYPE, type GatewayHandlerOptions, gatewayHandler, RAW_TYPE } from './gateway/handler.ts';
