// Replaces @smithy/core/event-streams in bundles: 15 KB for a format that no function reads. The S3 client
// takes them when it is created, and uses them only for SelectObjectContent.
const refuse = () => {
  throw new Error('The bundle holds no event streams.');
};
exports.EventStreamSerde = refuse;
exports.eventStreamSerdeProvider = () => ({ serialize: refuse, deserialize: refuse });
exports.resolveEventStreamSerdeConfig = (input) =>
  Object.assign(input, { eventStreamMarshaller: input.eventStreamSerdeProvider(input) });
