/** Files that a deployment puts into a bucket: CDK's `BucketDeployment`. */
export interface BucketDeploymentDefinition {
  /** Its logical id, for messages. */
  readonly label: string;
  readonly bucketName: string;
  /** Comes before the names of all files, with a slash at its end unless it is empty. */
  readonly prefix: string;
  /** A file of a later source replaces one with the same name. */
  readonly sources: readonly DeploymentSource[];
  /** Whether other objects under the prefix are removed. */
  readonly prune: boolean;
  /** Patterns of files that are left alone, and of those among them that are not. */
  readonly exclude: readonly string[];
  readonly include: readonly string[];
  /** Headers of all objects, with names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The role of the function that does this on AWS. */
  readonly roleArn: string;
}

/** A folder of the cloud assembly. */
export interface DeploymentSource {
  /** Key of the asset, which changes with the content. */
  readonly assetKey: string;
  readonly directory: string;
  /** Texts in the files that are replaced, with values that only the deployed template has. */
  readonly markers: Readonly<Record<string, string>>;
}
