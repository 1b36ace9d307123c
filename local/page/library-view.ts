import { type DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { fromItem, type MediaFileItem } from '../../functions/adapters/media-file-item.ts';
import type { MediaFile } from '../../functions/core/media-file.ts';

/** A flight, or files without a flight, as the page shows it. */
export interface FlightView {
  readonly flightId: string | undefined;
  readonly files: readonly MediaFile[];
}

export interface WorkspaceView {
  readonly workspaceId: string;
  readonly flights: readonly FlightView[];
}

/** The contents of the page. */
export interface LibraryView {
  readonly workspaces: readonly WorkspaceView[];
  /** True when there are more files than the page shows. */
  readonly truncated: boolean;
}

/** The page reads the whole table, so it stops at this number of files. */
const FILE_LIMIT = 2000;

const timeOf = ({ reportedAt, arrivedAt }: MediaFile): string => reportedAt ?? arrivedAt ?? '';

const newestFirst = (a: MediaFile, b: MediaFile): number => timeOf(b).localeCompare(timeOf(a));

/** Reads the files of all workspaces: newest flights first, and the files of a flight by name. */
export async function readLibrary(client: DynamoDBDocumentClient, tableName: string): Promise<LibraryView> {
  const files: MediaFile[] = [];
  const pages = paginateScan(
    { client },
    {
      TableName: tableName,
      FilterExpression:
        'entity = :file AND attribute_not_exists(removed_at) AND attribute_not_exists(surplus_of)',
      ExpressionAttributeValues: { ':file': 'file' },
    },
  );
  for await (const page of pages) {
    files.push(...((page.Items ?? []) as MediaFileItem[]).map(fromItem));
    if (files.length > FILE_LIMIT) break;
  }
  const shown = files.sort(newestFirst).slice(0, FILE_LIMIT);
  return {
    truncated: files.length > FILE_LIMIT,
    workspaces: [...Map.groupBy(shown, (file) => file.workspaceId)].map(([workspaceId, inWorkspace]) => ({
      workspaceId,
      flights: [...Map.groupBy(inWorkspace, (file) => file.flightId ?? '')].map(([flightId, inFlight]) => ({
        flightId: flightId || undefined,
        files: inFlight.sort((a, b) => a.name.localeCompare(b.name)),
      })),
    })),
  };
}
