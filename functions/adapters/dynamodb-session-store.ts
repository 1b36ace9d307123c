import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { present } from '../core/present.ts';
import type { SessionStore, SessionToken } from '../core/sessions.ts';
import type { MediaTable } from './media-table.ts';
import { type ItemKey, sessionTokenKey } from './media-table-keys.ts';

interface SessionTokenItem extends ItemKey {
  entity: 'session-token';
  kind: SessionToken['kind'];
  sealed_renewal_token: string;
  user_type: number;
  predecessor?: string;
  successor?: string;
  expires_at: number;
}

const HAS_NO_OTHER_SUCCESSOR =
  'attribute_exists(pk) AND (attribute_not_exists(successor) OR successor = :successor)';

/** Tokens of sessions in the media table, one item each. */
export const dynamoDbSessionStore = (table: MediaTable): SessionStore => ({
  async add(token) {
    const item: SessionTokenItem = {
      ...sessionTokenKey(token.digest),
      entity: 'session-token',
      kind: token.kind,
      sealed_renewal_token: token.sealedRenewalToken,
      user_type: token.userType,
      ...present({ predecessor: token.predecessor, successor: token.successor }),
      expires_at: Math.floor(token.expiresAt.getTime() / 1000),
    };
    await table.put(item);
  },

  async find(digest) {
    const item = await table.find<SessionTokenItem>(sessionTokenKey(digest));
    return (
      item && {
        digest,
        kind: item.kind,
        sealedRenewalToken: item.sealed_renewal_token,
        userType: item.user_type,
        expiresAt: new Date(item.expires_at * 1000),
        ...present({ predecessor: item.predecessor, successor: item.successor }),
      }
    );
  },

  async settleSuccessor(digest, successor) {
    try {
      await table.client.send(
        new UpdateCommand({
          TableName: table.name,
          Key: sessionTokenKey(digest),
          UpdateExpression: 'SET successor = :successor',
          ConditionExpression: HAS_NO_OTHER_SUCCESSOR,
          ExpressionAttributeValues: { ':successor': successor },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // A predecessor that has expired and is gone cannot be used any more.
      return error.Item === undefined;
    }
  },
});
