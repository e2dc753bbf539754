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
export { type GatewayHandlerOptions, type GatewayVerdict, gatewayHandler } from './gateway/handler.ts';
export { CAR_TYPE, RAW_TYPE } from './gateway/request.ts';
