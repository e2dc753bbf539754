/**
 * The HTTP API of a node: `/v1/*` with its OpenAPI document, EDMP's REST calls, the GUI's files, and a loopback server.
 *
 * @packageDocumentation
 */
/**
 * The node's HTTP interface: the `/v1` API with its OpenAPI document and events, EDMP's REST calls, and the GUI's files.
 *
 * @packageDocumentation
 */
export { createHttpApp, type HttpAppOptions } from './app.ts';
export { deliveryCsv } from './csv.ts';
export { HttpError, type HttpErrorCode, statusOf } from './failure.ts';
export { type StartGatewayOptions, startGateway } from './gateway-listener.ts';
export { openApiDocument } from './openapi.ts';
export type { Access, check, FileAnswer, RawInput, Route, RouteDefinition, route } from './route.ts';
export { type HttpServer, type StartHttpOptions, startHttp } from './start.ts';
export { v1Routes } from './v1-routes.ts';
export { type WebFile, type WebFiles, webDirectory } from './web-files.ts';
