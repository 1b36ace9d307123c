// Replaces node:http in bundles; lib/bundles.ts says why.
module.exports = process.getBuiltinModule('node:http');
