/**
 * Node's modules for HTTP. An `import` of them makes a namespace of all that they export, which loads Node's second client (undici) for
 * nothing: a tenth of what it takes to start.
 */
export const http = process.getBuiltinModule('node:http');
export const https = process.getBuiltinModule('node:https');
