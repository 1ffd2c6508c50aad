import type { HostIdentity, Reach } from '../../reach/reach.ts';

/** A host, for {@link import('../check-host.ts').checkHost}. */
export interface HostToCheck {
  readonly name: string;
  /** `ssh`, `kubernetes`, `local`. */
  readonly kind: string;
  /** For people: `ssh://backup@main`. */
  readonly location: string;
  /** Names of the sources that live there. */
  readonly sources: readonly string[];
  /** Those of them whose backup scales pods up: that there are none now is as it should be. */
  readonly scaledUpFor: readonly string[];
  /** Connects to nothing yet. */
  open(): Promise<Reach>;
  readonly identities: HostIdentities;
}

/** Who answered at hosts when they were last reached. */
export interface HostIdentities {
  last(host: string): RememberedHost | undefined;
  remember(host: string, identity: HostIdentity, at: Date): void;
}

export interface RememberedHost extends HostIdentity {
  readonly at: Date;
}
