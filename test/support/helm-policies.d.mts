import type { Manifest } from './helm.js';

export interface PodTemplate {
  owner: Manifest;
  /** gateway, worker, migrate or doctor */
  component: string;
  labels: Record<string, string>;
  spec: unknown;
}
export function podsOf(manifests: Manifest[]): PodTemplate[];
export function ofKind(manifests: Manifest[], kind: string): Manifest[];
export function annotationsOf(metadata: object): Record<string, string>;
/** @param variables all that its process reads, and which of them are secrets */
export function podFaults(pod: PodTemplate, variables: { all: string[]; secret: string[] }): string[];
/** What is wrong between the objects. */
export function relationFaults(manifests: Manifest[]): string[];
