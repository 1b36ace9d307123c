// Stands in for @smithy/core/event-streams in bundles: 15 KB of a format that none of the functions reads.
// The S3 client asks for these when it is made, and uses them in SelectObjectContent alone.
const refuse = () => {
  throw new Error('The bundle holds no event streams.');
};
exports.EventStreamSerde = refuse;
exports.eventStreamSerdeProvider = () => ({ serialize: refuse, deserialize: refuse });
exports.resolveEventStreamSerdeConfig = (input) =>
  Object.assign(input, { eventStreamMarshaller: input.eventStreamSerdeProvider(input) });
