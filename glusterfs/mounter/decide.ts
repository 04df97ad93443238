/** What is to be done about a node's mount of the volume. Pure. */

export interface MountState {
  /** Whether something is mounted. */
  mounted: boolean;
  /** What a look into it gave; a look may take as long as servers are away. */
  answer: 'fine' | 'dead' | 'late';
}

export type MountStep = 'mount' | 'mount-anew' | 'nothing';

/** A mount that takes long is left alone: it goes on as soon as servers are back, with all that is open in it. */
export function decide({ mounted, answer }: MountState): MountStep {
  if (!mounted) return 'mount';
  return answer === 'dead' ? 'mount-anew' : 'nothing';
}

/** Whether a file system of FUSE is what is mounted last at the path, by the text of /proc/self/mountinfo. */
export function isMounted(mountInfo: string, path: string): boolean {
  const at = mountInfo.split('\n').filter((line) => line.split(' ')[4] === path);
  return at.at(-1)?.includes(' - fuse.glusterfs ') ?? false;
}
