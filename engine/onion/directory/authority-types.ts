/** A directory authority that the operator trusts: one `DirAuthority` line. */
export interface DirectoryAuthority {
  readonly nickname: string;
  /** A literal IPv4 address. */
  readonly host: string;
  readonly dirPort: number;
  /** 0: none known. */
  readonly orPort: number;
  readonly ipv6: { readonly host: string; readonly port: number } | undefined;
  /** SHA-1 of the authority identity key, 40 upper-case hex digits; undefined: it does not vote. */
  readonly v3ident: string | undefined;
  /** SHA-1 of the RSA identity key of its relay, 40 upper-case hex digits. */
  readonly fingerprint: string;
}

/** The statement of an authority's identity key about its signing key. dir-spec, key certificates. */
export interface AuthorityCertificate {
  /** SHA-1 of the identity key: 40 upper-case hex digits. */
  readonly v3ident: string;
  /** `host:port` where it says it can be reached; undefined when it does not. */
  readonly dirAddress: string | undefined;
  /** PKCS#1 DER. */
  readonly identityKey: Uint8Array;
  /** PKCS#1 DER. */
  readonly signingKey: Uint8Array;
  /** SHA-1 of the signing key: 40 upper-case hex digits. */
  readonly signingKeyDigest: string;
  /** Unix milliseconds. */
  readonly publishedMs: number;
  /** Unix milliseconds. */
  readonly expiresMs: number;
  /** The exact text, to be handed on. */
  readonly text: Uint8Array;
}
