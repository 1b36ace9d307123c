// Replaces node:https in bundles; lib/bundles.ts says why.
module.exports = process.getBuiltinModule('node:https');
