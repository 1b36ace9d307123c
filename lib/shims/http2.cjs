// Replaces node:http2 in bundles; lib/bundles.ts says why.
module.exports = process.getBuiltinModule('node:http2');
