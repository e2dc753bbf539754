/**
 * The node's HTTP interface: the `/v1` API with its OpenAPI document and events, EDMP's REST calls, and the GUI's files.
 *
 * @packageDocumentation
 */
export { contract, type NamedOperation, operations } from '../api/contract.ts';
export { createHttpApp, type HttpAppOptions } from './app.ts';
export { deliveryCsv } from './csv.ts';
export { HttpError, type HttpErrorCode, statusOf } from './failure.ts';
export { type StartGatewayOptions, startGateway } from './gateway-listener.ts';
export { openApiDocument } from './openapi.ts';
export { type HttpServer, type StartHttpOptions, startHttp } from './start.ts';
export { type WebFile, type WebFiles, webDirectory } from './web-files.ts';
