/** A user pool of the template. */
export interface UserPoolDefinition {
  /** `<region>_<letters and digits>`. It stays the same over restarts, since tokens contain it. */
  readonly id: string;
  readonly name: string;
  /** @default Cognito's own: eight characters of all four kinds */
  readonly passwordPolicy?: PasswordPolicy | undefined;
  readonly clients: readonly UserPoolClientDefinition[];
  /** Groups that exist from the start. @default none */
  readonly groups?: readonly string[] | undefined;
}

/** The rules for passwords of the pool. Cognito's defaults fill in what is missing. */
export interface PasswordPolicy {
  /** @default 8 */
  readonly minimumLength?: number | undefined;
  /** @default true */
  readonly requireLowercase?: boolean | undefined;
  /** @default true */
  readonly requireUppercase?: boolean | undefined;
  /** @default true */
  readonly requireNumbers?: boolean | undefined;
  /** @default true */
  readonly requireSymbols?: boolean | undefined;
  /** @default 7 */
  readonly temporaryPasswordValidityInDays?: number | undefined;
}

/** An app client without a secret. */
export interface UserPoolClientDefinition {
  readonly id: string;
  /** @default the id */
  readonly name?: string | undefined;
  /** Such as `ALLOW_USER_PASSWORD_AUTH`. */
  readonly explicitAuthFlows: readonly string[];
  /** @default one hour */
  readonly accessTokenValidityInSeconds?: number | undefined;
  /** @default one hour */
  readonly idTokenValidityInSeconds?: number | undefined;
  /** @default thirty days */
  readonly refreshTokenValidityInSeconds?: number | undefined;
  /** Whether an unknown user gets the same response as a wrong password. @default true */
  readonly preventUserExistenceErrors?: boolean | undefined;
  /** @default true */
  readonly enableTokenRevocation?: boolean | undefined;
}

/** A definition with all defaults filled in. */
type Complete<Definition> = { readonly [Key in keyof Definition]-?: NonNullable<Definition[Key]> };

/** A password policy with Cognito's defaults filled in. */
export type CompletePasswordPolicy = Complete<PasswordPolicy>;

/** A client with Cognito's defaults filled in. */
export type UserPoolClient = Complete<UserPoolClientDefinition>;

/** Adds Cognito's defaults. */
export function completePasswordPolicy(definition: PasswordPolicy | undefined): CompletePasswordPolicy {
  return {
    minimumLength: definition?.minimumLength ?? 8,
    requireLowercase: definition?.requireLowercase ?? true,
    requireUppercase: definition?.requireUppercase ?? true,
    requireNumbers: definition?.requireNumbers ?? true,
    requireSymbols: definition?.requireSymbols ?? true,
    temporaryPasswordValidityInDays: definition?.temporaryPasswordValidityInDays ?? 7,
  };
}

/** Adds Cognito's defaults. */
export function completeClient(definition: UserPoolClientDefinition): UserPoolClient {
  return {
    id: definition.id,
    name: definition.name ?? definition.id,
    explicitAuthFlows: definition.explicitAuthFlows,
    accessTokenValidityInSeconds: definition.accessTokenValidityInSeconds ?? 3600,
    idTokenValidityInSeconds: definition.idTokenValidityInSeconds ?? 3600,
    refreshTokenValidityInSeconds: definition.refreshTokenValidityInSeconds ?? 30 * 24 * 3600,
    preventUserExistenceErrors: definition.preventUserExistenceErrors ?? true,
    enableTokenRevocation: definition.enableTokenRevocation ?? true,
  };
}
